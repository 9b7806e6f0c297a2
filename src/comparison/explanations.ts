/**
 * Why methods differ: what their runs measured of members, debate and diversity, beside the accuracy it goes with. Means
 * over the seeds, before finetuning, after it and iteration by iteration.
 */
import type { Evaluation } from '../contract/evaluation';
import type { Estimate, Measured, Role } from '../contract/measures';
import { measurementIn } from '../domain/evidence/measurements';
import { mean } from '../domain/statistics';
import type { ComparedArtifacts, ComparisonInput } from './gather';
import { methodLabel, readingOf } from './row-sources';

/** Shares 0..1 and nats per token; null where a seed has no such value. */
export interface ExplainedValues {
  accuracy: number | null;
  /** Mean over the members of each one's own accuracy, in the first and in the last round. */
  firstAnswers: number | null;
  lastAnswers: number | null;
  /** Problems that at least one member answers rightly in the last round. */
  anyRight: number | null;
  agreement: number | null;
  /** Shares of the critics' last answers that were wrong in the first round and are right, and the other way round. */
  mended: number | null;
  spoilt: number | null;
  /** Training examples of that iteration whose consensus was wrong. */
  wrongConsensus: number | null;
  /** Of the last round's responses or of those who wrote them. */
  dissimilarity: number | null;
  heldOutLikelihood: number | null;
  klBetweenAgents: number | null;
  klFromBase: number | null;
  tokensPerResponse: number | null;
}

export interface ExplainedIteration {
  iteration: number;
  /** Seeds whose run came this far. */
  seeds: number[];
  values: ExplainedValues;
}

/** One method that answers as a society: the other rows are read off the same members' first answers. */
export interface Explanation {
  label: string;
  tuned: boolean;
  /** Null for a society that was trained on another task: here it is measured as it is. */
  before: ExplainedValues | null;
  /** After each seed's own last iteration; null for untuned methods. */
  after: ExplainedValues | null;
  iterations: ExplainedIteration[];
}

export function explanationsOf(input: ComparisonInput, task: string): Explanation[] {
  return input.comparison.methods.flatMap((method): Explanation[] => {
    const runs = input.runs.filter(
      (run) =>
        run.task === task &&
        run.standing === 'finished' &&
        readingOf(input.comparison, run, method.name)?.mode === 'society',
    );
    if (runs.length === 0) return [];
    const startsTuned = runs.some(({ record }) => record?.specification.model.society !== undefined);
    return [
      {
        label: methodLabel(input, method.name),
        tuned: method.tuned,
        before: startsTuned ? null : meanOf(runs.map((run) => valuesAt(run, run.evaluations[0]))),
        after: method.tuned ? meanOf(runs.map((run) => valuesAt(run, run.evaluations.at(-1)))) : null,
        iterations: iterationsOf(runs),
      },
    ];
  });
}

function iterationsOf(runs: ComparedArtifacts[]): ExplainedIteration[] {
  const most = Math.max(...runs.map(({ evaluations }) => evaluations.length));
  return Array.from({ length: most }, (_, iteration) => {
    const reached = runs.filter(({ evaluations }) => evaluations.length > iteration);
    return {
      iteration,
      seeds: reached.map(({ seed }) => seed),
      values: meanOf(reached.map((run) => valuesAt(run, run.evaluations[iteration]))),
    };
  });
}

function valuesAt({ record, measures }: ComparedArtifacts, evaluation: Evaluation | undefined): ExplainedValues {
  const measured = measures.find(({ iteration }) => iteration === evaluation?.iteration);
  const members = record?.plan.evaluationMembers ?? record?.plan.members ?? 1;
  const whole = valueOf(measured?.specialisation)?.rows.find(({ type }) => type === 'all');
  const critics = valueOf(measured?.criticEffect)?.critics ?? [];
  const judged = sum(critics, ({ problems }) => problems);
  const lastOf = (byRole: Record<Role, Measured<Estimate>> | undefined) =>
    valueOf(byRole?.critic)?.value ?? valueOf(byRole?.generation)?.value ?? null;
  return {
    accuracy: (evaluation && measurementIn(evaluation, 'society')?.result.accuracy) ?? null,
    firstAnswers: evaluation?.meanFirstAccuracy ?? null,
    lastAnswers: evaluation && evaluation.members.length > 0 ? mean(evaluation.members.map(({ last }) => last)) : null,
    anyRight: whole && whole.problems > 0 ? whole.anyLastRight / whole.problems : null,
    // One member always agrees with itself.
    agreement: members === 1 ? null : (evaluation?.agreement ?? null),
    mended: judged === 0 ? null : sum(critics, ({ wrongToRight }) => wrongToRight) / judged,
    spoilt: judged === 0 ? null : sum(critics, ({ rightToWrong }) => rightToWrong) / judged,
    wrongConsensus: valueOf(measured?.wrongConsensus)?.share ?? null,
    dissimilarity: valueOf(measured?.embedding.last)?.value ?? null,
    heldOutLikelihood: valueOf(measured?.heldOutLikelihood)?.value ?? null,
    klBetweenAgents: lastOf(measured?.klBetweenAgents),
    klFromBase: lastOf(measured?.klFromBase),
    tokensPerResponse: valueOf(measured?.responses.last)?.meanTokens.value ?? null,
  };
}

function valueOf<Value extends object>(measured: Measured<Value> | undefined): Value | undefined {
  return measured?.kind === 'measured' ? measured : undefined;
}

/** A mean over some of the seeds would not belong beside the accuracy over all of them. */
function meanOf(seeds: ExplainedValues[]): ExplainedValues {
  const average = (name: keyof ExplainedValues): number | null => {
    const values = seeds.flatMap((each) => each[name] ?? []);
    return values.length < seeds.length || values.length === 0 ? null : mean(values);
  };
  const [first] = seeds;
  const names = Object.keys(first ?? {}) as (keyof ExplainedValues)[];
  return Object.fromEntries(names.map((name) => [name, average(name)])) as unknown as ExplainedValues;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
