/**
 * Jest's set-up of every file: charts are not drawn, for loading and running the charting library takes longer than all else
 * a report does. The tests of drawings ask for them: `jest.unmock('../../src/pages/svg')`.
 */
jest.mock('../../src/pages/svg', () => ({ renderSvg: () => '' }));
