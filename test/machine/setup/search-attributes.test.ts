/** What happens on servers that do not let search attributes be listed or added, as hosted ones may not. */
import { searchAttributeTypes } from '../../../src/contract/names';
import { registerSearchAttributes, usableSearchAttributes } from '../../../src/machine/setup/search-attributes';

const names = Object.keys(searchAttributeTypes);

function connectionThat(answers: { list: () => object; add?: () => object }) {
  const operatorService = {
    listSearchAttributes: () => Promise.resolve().then(answers.list),
    addSearchAttributes: () => Promise.resolve().then(answers.add ?? (() => ({}))),
  };
  return { operatorService } as unknown as Parameters<typeof registerSearchAttributes>[0];
}

const refused = (code: number) => () => {
  throw Object.assign(new Error(`${code} refused`), { code, details: 'Request unauthorized.' });
};

test('those that are absent are added', async () => {
  const connection = connectionThat({ list: () => ({ customAttributes: { [names[0]!]: 2 } }) });
  const report = await registerSearchAttributes(connection, 'default');
  expect(report).toEqual({ present: [names[0]], added: names.slice(1), missing: [] });
});

test('one that has another type is missing, and is not set', async () => {
  const [first, ...others] = Object.keys(searchAttributeTypes) as [string, ...string[]];
  const text = 1;
  const connection = connectionThat({ list: () => ({ customAttributes: { [first]: text } }) });
  const { missing, added } = await registerSearchAttributes(connection, 'default');
  expect(missing).toEqual([{ name: first, reason: 'it is registered with another type than Keyword' }]);
  expect(added).toEqual(others);
  expect(await usableSearchAttributes(connection, 'default')).toEqual([]);
});

test('those that may not be added are missing, with the reason of the server', async () => {
  const connection = connectionThat({ list: () => ({}), add: refused(7) });
  const { missing } = await registerSearchAttributes(connection, 'default');
  expect(missing).toEqual(names.map((name) => ({ name, reason: 'Request unauthorized.' })));
});

test.each([7, 12])(
  'where they may not even be listed (gRPC status %i) all are missing, and nothing fails',
  async (code) => {
    const report = await registerSearchAttributes(connectionThat({ list: refused(code) }), 'default');
    expect(report.missing.map(({ name }) => name)).toEqual(names);
    expect(report.missing[0]!.reason).toBe('the server does not let them be listed: Request unauthorized.');
  },
);

test('a server that does not answer is no refusal', async () => {
  await expect(registerSearchAttributes(connectionThat({ list: refused(14) }), 'default')).rejects.toThrow(
    '14 refused',
  );
});
