/** What is said of a run before servers are started for it. */
import { doubtsAbout } from '../../src/runs/before-servers';
import { resolveSpecification } from '../../src/specification';

const doubts = (task: object, base: string) =>
  doubtsAbout(resolveSpecification({ task: { train: 4, eval: 4, ...task }, model: { base } }).specification);

const ownQuestions = { kind: 'jsonl', path: 'own.jsonl', answerType: 'number' };

test('the bundled model shows nothing on other problems than its own, and the smallest real one is named', () => {
  expect(doubts(ownQuestions, 'models/tiny-arithmetic')).toEqual([
    expect.stringMatching(/on jsonl it shows nothing\. The smallest real model .* Qwen\/Qwen2\.5-0\.5B-Instruct/),
  ]);
  expect(doubts({ kind: 'arithmetic', max: 10 }, 'models/tiny-arithmetic')).toEqual([]);
  expect(doubts(ownQuestions, 'qwen')).toEqual([]);
});
