import { chooseSampleDebates } from '../../src/report/sample-debates';
import { reportFixture } from '../support/report-fixture';

const input = reportFixture();
const choose = (change: Partial<Parameters<typeof chooseSampleDebates>[0]> = {}) =>
  chooseSampleDebates({
    transcripts: input.transcripts,
    iterations: input.iterations,
    references: {},
    seed: 21,
    ...change,
  });

test('every kind of outcome that occurs is shown, of the latest evaluation', () => {
  const found = choose();
  const reasons = found.map(({ reason }) => reason);
  expect(reasons).toEqual(
    expect.arrayContaining([
      'a member corrected itself',
      'the members disagreed to the end',
      'no answer could be parsed, so there was no consensus',
      'the problem failed after all retries',
      'the consensus was wrong',
    ]),
  );
  const corrected = found.find(({ reason }) => reason === 'a member corrected itself');
  expect(corrected?.transcript.iteration).toBe(2);
});

test('the choice depends on the seed only, not on the order of the transcripts', () => {
  const names = (samples: ReturnType<typeof choose>) => samples.map(({ transcript }) => transcript.problemId);
  expect(names(choose({ transcripts: [...input.transcripts].reverse() }))).toEqual(names(choose()));
  expect(names(choose({ seed: 22 }))).not.toEqual(names(choose()));
});

test('a problem gained and a problem lost by finetuning are shown before and after', () => {
  const [before, after] = choose().filter(({ reason }) => reason.startsWith('gained'));
  expect(before?.transcript.problemId).toBe(after?.transcript.problemId);
  expect([before?.transcript.iteration, before?.correct, after?.correct]).toEqual([0, false, true]);
});

test('a training problem shows neither a verdict nor a reference answer', () => {
  const transcripts = input.transcripts.map((transcript) => ({ ...transcript, split: 'train' as const }));
  const found = choose({ transcripts, references: input.references ?? {} });
  expect(found.length).toBeGreaterThan(0);
  expect(found.every(({ correct, reference }) => correct === null && reference === null)).toBe(true);
});

test('no transcripts, no samples', () => {
  expect(choose({ transcripts: [] })).toEqual([]);
});
