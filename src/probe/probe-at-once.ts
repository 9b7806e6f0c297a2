/** The intervention of `maft probe-critics`: all problems at once, by one program that stores nothing. */
import type { CriticReading } from '../contract/critic-reading';
import { criticReading, reasonAllFailed } from '../domain/measures/critic-reading';
import { ProviderError } from '../errors';
import type { ChatRequest, Grader } from '../ports';
import { allSettledOrFailed } from '../settled';
import type { AnswerReader } from '../tasks/task';
import { probeProblem, type CriticProbe, type ProbeQuestion } from './probe-critics';

/** A question with its reference answer, normalised. */
export interface ProbeProblem extends ProbeQuestion {
  answer: string;
}

export interface ProbeAtOnce extends Omit<CriticProbe<ProbeProblem>, 'judge' | 'ask'> {
  reader: AnswerReader;
  grader: Grader;
  ask: (endpoint: string, request: ChatRequest) => Promise<string>;
  /** Told after each problem how many are done. */
  onProblem?: (done: number) => void;
}

/**
 * The endpoint's connection pool holds back what is more than it can bear. Throws a `ProviderError` if the endpoint
 * refuses every problem.
 */
export async function probeCritics(probe: ProbeAtOnce, problems: readonly ProbeProblem[]): Promise<CriticReading> {
  let done = 0;
  const asked: CriticProbe<ProbeProblem> = {
    ...probe,
    judge: (problem, responses) => judge(probe, problem, responses),
    ask: ({ endpoint, request }) => probe.ask(endpoint, request),
  };
  const probing = problems.map(async (problem) => {
    const outcome = await probeProblem(asked, problem);
    done += 1;
    probe.onProblem?.(done);
    return outcome;
  });
  const outcomes = await allSettledOrFailed(probing);
  // Nothing was measured because nothing could be asked: that is an error, not a finding.
  const refusal = reasonAllFailed(outcomes);
  if (refusal !== undefined) throw new ProviderError(refusal, { retryable: false });
  return criticReading(outcomes, probe.intervention);
}

async function judge(
  { reader, grader }: ProbeAtOnce,
  { answer: reference }: ProbeProblem,
  responses: readonly string[],
): Promise<(boolean | null)[]> {
  const answers = await Promise.all(responses.map(async (response) => reader.parse(response)));
  const different = [...new Set(answers)].filter((answer) => answer !== null && answer !== reference);
  const verdicts = await grader.grade(different.map((answer) => ({ a: answer as string, b: reference })));
  const right = new Set([reference, ...different.filter((_, index) => verdicts[index]?.equal === true)]);
  return answers.map((answer) => (answer === null ? null : right.has(answer)));
}
