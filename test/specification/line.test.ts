import { completedByLine, parseLine } from '../../src/specification/line';
import { resolveSpecification } from '../../src/specification';

const small = { task: { kind: 'arithmetic', max: 10, eval: 20 }, model: { base: 'b' }, method: { prompts: 'compact' } };
const problemsOf = (work: () => unknown): string => {
  try {
    work();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

test('a line keeps what its author wrote, and completes its gate', () => {
  const { fixed, promotion, minimumProblems } = parseLine({ ...small, promotion: 'approval' });
  expect(fixed).toEqual(small);
  expect(promotion).toEqual({
    gate: 'approval',
    margin: 0.02,
    guards: true,
    approveWithin: '24h',
    otherwise: 'reject',
  });
  expect(minimumProblems).toBe(1);
});

test.each([
  [{ promotion: { gate: 'best' } }, /^promotion\.gate: "best" is not allowed; it must be one of "better"/],
  [{ promotion: { margin: 0.1 } }, /^promotion\.margin: 0\.1 is impossible: only promotion\.gate "not-worse" reads it/],
  [{ promotion: { otherwise: 'approve' } }, /only promotion\.gate "approval" reads it/],
  [{ promotion: { gate: 'approval', approveWithin: 'soon' } }, /^promotion\.approveWithin: "soon" is not allowed/],
  [{ iterations: 3 }, /^iterations: 3 is an unknown field/],
  [{ method: 'debate' }, /^method: "debate" trains nothing/],
  [{ method: { preset: 'socety' } }, /^method(\.preset)?: "socety" is not a preset/],
  [{ model: { base: 'b', society: 'x@1' } }, /^model\.society: "x@1" is an unknown field/],
])('of a line %j is refused', (changes, message) =>
  expect(problemsOf(() => parseLine({ ...small, ...changes }))).toMatch(message),
);

describe('a run of a line', () => {
  const { specification: _, ...line } = parseLine(small);
  const complete = (raw: object) => completedByLine({ line: 'maths', ...raw }, { name: 'maths', ...line });

  test('has task, method and model from it; completing it again changes nothing', () => {
    const once = complete({ iterations: 2 });
    expect(once).toEqual({ line: 'maths', iterations: 2, ...small });
    expect(complete(once)).toEqual(once);
  });

  test.each([
    [{ method: 'single-agent' }, /^method: line "maths" fixes it; leave it out/],
    [{ evalTask: { kind: 'gsm8k' } }, /^evalTask: line "maths" fixes it/],
  ])('may not set %j otherwise', (changes, message) => expect(problemsOf(() => complete(changes))).toMatch(message));
});

test('seed: run is one seed per run id, and one that a run of this name has by default', () => {
  const seedOf = (runId?: string) =>
    resolveSpecification({ ...small, name: 'night', seed: 'run' }, runId).specification.seed;
  expect(seedOf('night')).toBe(seedOf());
  expect(seedOf('night-2')).not.toBe(seedOf());
  expect(seedOf('night-2')).toBe(seedOf('night-2'));
});
