/** A few lines for a terminal after each evaluation: the run's accuracy, and one debate. */
import type { Evaluation } from '../contract/evaluation';
import type { Transcript, Turn } from '../contract/transcript';
import { orderByDraw } from '../domain/draws';
import { memberNumbers } from '../domain/identifiers';
import { winningGroup } from '../domain/voting';
import type { ArtifactStore } from '../ports';
import { accuracyText } from '../pages/evidence';
import { count, percent } from '../pages/numbers';
import { clippedLine } from '../visible-text';
import { StoredRun } from '../stored-runs/stored-run';

/** The story of one evaluated iteration; empty if it is not stored (yet). */
export async function storyOfIteration(store: ArtifactStore, runId: string, iteration: number): Promise<string[]> {
  const run = await StoredRun.find(store, runId);
  const evaluation = await run?.evaluation(iteration);
  if (run === undefined || evaluation === undefined) return [];
  const debates = await run.transcripts(await run.shards(iteration, 'eval'));
  return [accuracyLine(evaluation), ...debateLines(debates, evaluation, run.record.specification.seed)];
}

function accuracyLine({ iteration, modes, problems }: Evaluation): string {
  const society = modes.find(({ mode }) => mode === 'society') ?? { accuracy: 0, correct: 0, problems };
  const sample = modes.find(({ mode }) => mode === 'sample');
  const oneCall = sample === undefined ? '' : `; one call: ${percent(sample.accuracy)}`;
  const who = iteration === 0 ? 'untuned' : `after iteration ${iteration}`;
  return `${who}: the society is right in ${accuracyText(society)}${oneCall}`.replaceAll('\u00a0', ' ');
}

/** A member's first and last turn in a debate that the society won. */
interface Change {
  transcript: Transcript;
  first: Turn;
  last: Turn;
}

/**
 * One debate, chosen by a seeded draw from the more frequent kind: a critic that turned to the right answer, or one that
 * turned away from it. Only debates with a right vote count, because in others it is unknown which member was right.
 * Exported for tests.
 */
export function debateLines(debates: readonly Transcript[], evaluation: Evaluation, seed: number): string[] {
  const right = new Set(
    evaluation.perProblem.flatMap(({ problemId, correct }) => (correct.society ? [problemId] : [])),
  );
  const changes = debates.filter(({ problemId }) => right.has(problemId)).flatMap(changesIn);
  const mended = changes.filter(({ last }) => last.agrees === true);
  const spoilt = changes.filter(({ last }) => last.agrees === false);
  const isMending = mended.length >= spoilt.length;
  const [chosen] = orderByDraw(isMending ? mended : spoilt, ({ transcript, first }) => {
    return `told/${seed}/${transcript.problemId}/${first.member}`;
  });
  if (chosen === undefined) return [];
  return [
    `  in debates won, critics turned to the right answer ${count(mended.length)} times, away from it ` +
      `${count(spoilt.length)} times. One of them ${isMending ? 'mended' : 'spoilt'}:`,
    ...changeLines(chosen),
  ];
}

function changesIn(transcript: Transcript): Change[] {
  const { rounds } = transcript;
  if (rounds.length < 2) return [];
  return memberNumbers(rounds[0]?.turns.length ?? 0).flatMap((member) => {
    const of = (turns: readonly Turn[] = []) => turns.find((turn) => turn.member === member);
    const [first, last] = [of(rounds[0]?.turns), of(rounds.at(-1)?.turns)];
    return first === undefined || last === undefined || first.agrees === last.agrees
      ? []
      : [{ transcript, first, last }];
  });
}

function changeLines({ transcript: { question, consensus }, first, last }: Change): string[] {
  const line = (who: string, text: string) => `    ${who.padEnd(20)} ${clipped(text)}`;
  const votes = consensus.kind === 'agreed' ? (winningGroup(consensus)?.members.length ?? 0) : 0;
  const cast = consensus.kind === 'agreed' ? consensus.votes.reduce((sum, { members }) => sum + members.length, 0) : 0;
  return [
    line('question', question),
    line(`${first.agent} said`, first.response),
    ...(last.summary === undefined ? [] : [line(`${last.agent} read`, last.summary.response)]),
    line(`${last.agent} said`, last.response),
    ...(consensus.kind === 'agreed' ? [line('the vote', `${consensus.answer} (${votes} of ${cast}), right`)] : []),
  ];
}

/** One line each; whole debates are in the report. */
const mostCharacters = 90;

const clipped = (text: string): string => clippedLine(text, mostCharacters);
