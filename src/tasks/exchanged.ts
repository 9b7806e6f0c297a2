/** Reads the answer from messages between members: prose, or a JSON object (`method.prompts`). */
import type { PromptSettings } from '../contract/method';
import { answerInMessage } from '../domain/answers';
import { messageForm } from '../prompts';
import type { AnswerReader } from './task';

/** The reader itself for prose; for JSON one that reads the object's `answer` as the task reads a marked answer. */
export function readingMessages<Reader extends AnswerReader>(reader: Reader, prompts: PromptSettings): Reader {
  if (messageForm(prompts) === 'prose') return reader;
  const parse = (response: string) => {
    const answer = answerInMessage(response);
    // In a box, so that a text or a formula is taken whole.
    return answer === null ? null : reader.parse(`\\boxed{${answer}}`);
  };
  return { ...reader, parse };
}
