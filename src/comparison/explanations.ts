/**
 * Why methods differ: what their runs measured of members, debate and diversity, beside the accuracy. Means over the
 * seeds, before finetuning, after it and iteration by iteration.
 */
import type { Evaluation } from '../contract/evaluation';
import type { CriticEffect, Estimate, Measured, Measures, Role } from '../contract/measures';
import { measurementIn } from '../domain/evidence/measurements';
import { mean } from '../domain/statistics';
import type { ComparedArtifacts, ComparisonInput } from './gather';
import { methodLabel, readingOf } from './row-sources';
import type { CriticReading } from '../contract/critic-reading';
import { pooledReading } from '../domain/measures/critic-reading';
import { readingSentence } from '../pages/reading-sentence';

/** One evaluated iteration of a run. */
interface Reached {
  evaluation: Evaluation;
  measures: Measures | undefined;
  /** N at evaluation. */
  members: number;
}

/** Shares 0..1, nats per token and, where it says so, points; undefined or null if they were not measured. */
const readings = {
  accuracy: ({ evaluation }) => measurementIn(evaluation, 'society')?.result.accuracy,
  /** Mean over the members of each one's own accuracy, in the first and in the last round. */
  firstAnswers: ({ evaluation }) => evaluation.meanFirstAccuracy,
  lastAnswers: ({ evaluation: { members } }) => members.length > 0 && mean(members.map(({ last }) => last)),
  /** Problems that at least one member answers rightly in the last round. */
  anyRight({ measures }) {
    const whole = valueOf(measures?.specialisation)?.rows.find(({ type }) => type === 'all');
    return whole && whole.problems > 0 && whole.anyLastRight / whole.problems;
  },
  /** Omitted for a single member, which always agrees with itself. */
  agreement: ({ evaluation, members }) => members > 1 && evaluation.agreement,
  /** Shares of the critics' last answers that changed from wrong to right, and from right to wrong. */
  mended: ({ measures }) => shareOfJudged(measures, ({ wrongToRight }) => wrongToRight),
  spoilt: ({ measures }) => shareOfJudged(measures, ({ rightToWrong }) => rightToWrong),
  /** By intervention, in points: whether critics use what they read. */
  reading: ({ measures }) => valueOf(measures?.criticReading)?.reading.points,
  copying: ({ measures }) => valueOf(measures?.criticReading)?.copying.points,
  /** Training examples of that iteration whose consensus was wrong. */
  wrongConsensus: ({ measures }) => valueOf(measures?.wrongConsensus)?.share,
  /** About the last round's responses or their authors. */
  dissimilarity: ({ measures }) => valueOf(measures?.embedding.last)?.value,
  heldOutLikelihood: ({ measures }) => valueOf(measures?.heldOutLikelihood)?.value,
  klBetweenAgents: ({ measures }) => lastOf(measures?.klBetweenAgents),
  klFromBase: ({ measures }) => lastOf(measures?.klFromBase),
  tokensPerResponse: ({ measures }) => valueOf(measures?.responses.last)?.meanTokens.value,
} satisfies Record<string, (reached: Reached) => number | null | undefined | false>;

/** Null if a seed has no such value. */
export type ExplainedValues = Record<keyof typeof readings, number | null>;

export interface ExplainedIteration {
  iteration: number;
  /** Seeds whose run came this far. */
  seeds: number[];
  values: ExplainedValues;
}

/** One method that answers as a society; other rows are computed from the same members' first answers. */
export interface Explanation {
  label: string;
  tuned: boolean;
  /** Null for a society trained on another task, which is measured here without further training. */
  before: ExplainedValues | null;
  /** After each seed's own last iteration; null for untuned methods. */
  after: ExplainedValues | null;
  iterations: ExplainedIteration[];
}

export function explanationsOf(input: ComparisonInput, task: string): Explanation[] {
  return input.comparison.methods.flatMap((method): Explanation[] => {
    const runs = societyRuns(input, { task, method: method.name });
    if (runs.length === 0) return [];
    const startsTuned = runs.some(({ record }) => record?.specification.model.society !== undefined);
    return [
      {
        label: methodLabel(input, method.name),
        tuned: method.tuned,
        before: startsTuned ? null : meanOf(runs.map((run) => readingAt(run, run.evaluations[0]))),
        after: method.tuned ? meanOf(runs.map((run) => readingAt(run, run.evaluations.at(-1)))) : null,
        iterations: iterationsOf(runs),
      },
    ];
  });
}

/** The finished runs of a method that answers as a society. */
export function societyRuns(input: ComparisonInput, { task, method }: { task: string; method: string }) {
  return input.runs.filter(
    (run) =>
      run.task === task && run.standing === 'finished' && readingOf(input.comparison, run, method)?.mode === 'society',
  );
}

function iterationsOf(runs: ComparedArtifacts[]): ExplainedIteration[] {
  const most = Math.max(...runs.map(({ evaluations }) => evaluations.length));
  return Array.from({ length: most }, (_, iteration) => {
    const reached = runs.filter(({ evaluations }) => evaluations.length > iteration);
    return {
      iteration,
      seeds: reached.map(({ seed }) => seed),
      values: meanOf(reached.map((run) => readingAt(run, run.evaluations[iteration]))),
    };
  });
}

function readingAt({ record, measures }: ComparedArtifacts, evaluation: Evaluation | undefined): Reached | undefined {
  if (evaluation === undefined) return undefined;
  const members = record?.plan.evaluationMembers ?? record?.plan.members ?? 1;
  return { evaluation, members, measures: measures.find(({ iteration }) => iteration === evaluation.iteration) };
}

function shareOfJudged(measures: Measures | undefined, of: (effect: CriticEffect) => number): number | null {
  const critics = valueOf(measures?.criticEffect)?.critics ?? [];
  const sum = (part: (effect: CriticEffect) => number) => critics.reduce((total, effect) => total + part(effect), 0);
  const judged = sum(({ problems }) => problems);
  return judged === 0 ? null : sum(of) / judged;
}

function lastOf(byRole: Record<Role, Measured<Estimate>> | undefined): number | undefined {
  return (valueOf(byRole?.critic) ?? valueOf(byRole?.generation))?.value;
}

function valueOf<Value extends object>(measured: Measured<Value> | undefined): Value | undefined {
  return measured?.kind === 'measured' ? measured : undefined;
}

/** Null unless all seeds have it: a mean over some would not belong beside the accuracy over all of them. */
function meanOf(seeds: (Reached | undefined)[]): ExplainedValues {
  const means = Object.entries(readings).map(([name, read]) => {
    const values = seeds.map((reached) => (reached === undefined ? null : read(reached)));
    const known = values.filter((value) => typeof value === 'number');
    return [name, known.length < seeds.length || known.length === 0 ? null : mean(known)];
  });
  return Object.fromEntries(means) as ExplainedValues;
}

/** A sentence for each reading that is too low or open: of the critics that methods began with, over their seeds. */
export function unreadNotices(input: ComparisonInput): string[] {
  const { tasks, methods } = input.comparison;
  return tasks.flatMap((task) => {
    const byReading = new Map<string, { found: CriticReading; labels: string[] }>();
    for (const { name } of methods) {
      const found = pooledReading(societyRuns(input, { task, method: name }).flatMap(atStart));
      if (found === undefined || found.verdict === 'reads') continue;
      // Methods that begin alike share their untuned turns, and so this measure.
      const known = byReading.get(JSON.stringify(found)) ?? { found, labels: [] };
      known.labels.push(`“${methodLabel(input, name)}”`);
      byReading.set(JSON.stringify(found), known);
    }
    const where = tasks.length === 1 ? '' : ` on ${task}`;
    return [...byReading.values()].map(({ found, labels }) =>
      readingSentence(found, `the critics that ${labels.join(', ')} began with${where}`),
    );
  });
}

function atStart({ measures }: ComparedArtifacts): CriticReading[] {
  const found = measures.find(({ iteration }) => iteration === 0)?.criticReading;
  return found?.kind === 'measured' ? [found] : [];
}
