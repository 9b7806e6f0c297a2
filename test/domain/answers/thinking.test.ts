import fc from 'fast-check';
import { withoutThinking } from '../../../src/domain/answers';

test.each([
  ['<think>\n5? no, 6\n</think>\n\nThe answer is 6.', 'The answer is 6.'],
  ['opened by the template</think>6', '6'],
  ['<think>cut off', ''],
  ['6 <think>sure?</think> yes', '6  yes'],
  ['<think>a</think>6<think>cut off', '6'],
])('%j says %j', (response, said) => expect(withoutThinking(response)).toBe(said));

test('a response without marks stays as it is, byte for byte', () =>
  fc.assert(fc.property(fc.string(), (text) => expect(withoutThinking(` ${text}\n`)).toBe(` ${text}\n`))));

test('nothing of the thinking is left, and doing it twice changes nothing', () =>
  fc.assert(
    fc.property(fc.array(fc.constantFrom('<think>', '</think>', 'a', ' ', '\n')), (parts) => {
      const said = withoutThinking(parts.join(''));
      expect(said).not.toMatch(/<\/?think>/);
      expect(withoutThinking(said)).toBe(said);
    }),
  ));
