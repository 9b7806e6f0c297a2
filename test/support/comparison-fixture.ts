/** A made-up comparison, with accuracies as told: the first so many problems of a seed are right, so pairs are nested. */
import type { ComparedArtifacts, ComparisonInput } from '../../src/comparison/gather';
import type { Prices } from '../../src/contract/comparison';
import type { AnswerMode, Evaluation } from '../../src/contract/evaluation';
import type { RunRecord } from '../../src/contract/run';
import { deriveRunPlan, equalCalls, voteSizes } from '../../src/domain/plan';
import { standardError } from '../../src/domain/statistics';
import { resolveSpecification } from '../../src/specification';
import { resolveComparison } from '../../src/specification/comparison';
import { measuresOf } from './report-fixture-measures';

export const comparisonBase = {
  name: 'table',
  task: { kind: 'arithmetic', max: 10, train: 20, eval: 500 },
  model: { base: 'models/tiny-arithmetic' },
  methods: ['base', 'majority', 'debate', 'majority-finetuning', 'multiagent-finetuning'],
};

export interface ToldMode {
  runId: string;
  task: string;
  seed: number;
  iteration: number;
  mode: AnswerMode;
}

export interface ComparisonFixture {
  specification?: object;
  accuracy?: (told: ToldMode) => number;
  prices?: Prices;
  standing?: (runId: string) => ComparedArtifacts['standing'];
  /** Optimizer steps of one agent in one iteration. */
  steps?: (runId: string, agent: string) => number;
  /** Iteration after which a run has ended, or so far come; default: its last. */
  endedAt?: (runId: string) => number;
}

/** Roughly what the tiny model does: plain voting is far ahead of any debate. */
export function toldAccuracy({ runId, iteration, mode, seed }: ToldMode): number {
  const shift = (seed % 3) / 100;
  const gain = iteration === 0 ? 0 : runId.includes('majority') ? 0.06 : 0.1;
  if (mode === 'sample') return 0.49 + gain + shift;
  if (mode === 'vote-3') return 0.68 + gain + shift;
  if (mode === 'vote-9') return 0.94 + gain / 10 + shift;
  return 0.63 + gain + shift;
}

export function comparisonFixture(options: ComparisonFixture = {}): ComparisonInput {
  const written = { ...comparisonBase, ...options.specification };
  const { groups, ...resolved } = resolveComparison(written);
  const comparison = {
    ...resolved,
    comparisonId: 'table',
    written,
    groups: groups('table'),
    versions: { maft: '0.1.0' },
  };
  const runs = comparison.groups.flatMap(({ task, seed, runs: planned }) =>
    planned.map(({ runId, specification }) => artifactsOf({ runId, task, seed }, specification, options)),
  );
  return { comparison, runs };
}

function artifactsOf(
  place: Pick<ComparedArtifacts, 'runId' | 'task' | 'seed'>,
  written: object,
  {
    accuracy = toldAccuracy,
    prices,
    standing = () => 'finished',
    steps = () => 10,
    endedAt = () => Infinity,
  }: ComparisonFixture,
): ComparedArtifacts {
  const { specification } = resolveSpecification(written);
  const plan = deriveRunPlan(specification, place.runId);
  const last = Math.min(plan.iterations, endedAt(place.runId));
  const numbers = Array.from({ length: last + 1 }, (_, iteration) => iteration);
  const calls = { calls: 5000, promptTokens: 50_000, completionTokens: 100_000 };
  const isTuned = plan.trainedAgents.length > 0;
  const evaluations = numbers.map((iteration) => {
    const modes = new Set<AnswerMode>(['society', 'sample', `vote-${plan.members}`]);
    if (plan.voteAtIterations.includes(iteration) || iteration === last)
      voteSizes(specification).forEach((size) => modes.add(`vote-${size}`));
    const debateCalls = equalCalls(specification);
    return evaluationOf(place, iteration, { modes: [...modes], plan, debateCalls, accuracy });
  });
  const shape = { members: plan.members, rounds: plan.evaluationRounds, problems: plan.evaluationProblems };
  return {
    ...place,
    standing: standing(place.runId),
    record: { plan, specification, versions: { maft: '0.1.0' } } as unknown as RunRecord,
    evaluations,
    measures: numbers.map((iteration) => measuresOf(iteration, shape, evaluations)),
    training: {
      counts: isTuned ? { calls: 180, promptTokens: 4000, completionTokens: 8000 } : zero,
      tokens: isTuned ? 5000 : 0,
      examples: 40,
      seconds: 3,
    },
    steps: numbers.map((iteration) => stepsIn(iteration, place.runId, plan.trainedAgents, steps)),
    counts: calls,
    reused: isTuned ? { calls: 4500, promptTokens: 45_000, completionTokens: 90_000 } : zero,
    prices,
  };
}

function stepsIn(
  iteration: number,
  runId: string,
  agents: string[],
  steps: (runId: string, agent: string) => number,
): Record<string, number> {
  return Object.fromEntries(iteration === 0 ? [] : agents.map((agent) => [agent, steps(runId, agent)]));
}

const zero = { calls: 0, promptTokens: 0, completionTokens: 0 };

function evaluationOf(
  place: { runId: string; task: string; seed: number },
  iteration: number,
  told: {
    modes: AnswerMode[];
    plan: RunRecord['plan'];
    debateCalls: number;
    accuracy: (told: ToldMode) => number;
  },
): Evaluation {
  const { modes, plan, debateCalls, accuracy } = told;
  const n = plan.evaluationProblems;
  const rights = modes.map((mode) => {
    const isDebate = mode === 'society' && plan.evaluationRounds > 1;
    const asked: AnswerMode =
      mode === 'society' && !isDebate ? (plan.members === 1 ? 'sample' : `vote-${plan.members}`) : mode;
    const calls = isDebate ? debateCalls : asked === 'sample' ? 1 : Number(asked.slice(5));
    return { mode, calls, right: Math.round(n * accuracy({ ...place, iteration, mode: asked })) };
  });
  return {
    runId: place.runId,
    iteration,
    split: 'eval',
    problems: n,
    failed: 0,
    modes: rights.map(({ mode, calls, right }) => ({
      mode,
      problems: n,
      correct: right,
      accuracy: right / n,
      standardError: standardError({ correct: right, n }),
      callsPerProblem: calls,
      counts: { calls: calls * n, promptTokens: calls * n * 20, completionTokens: calls * n * 10 },
      noAnswer: 0,
      tieBroken: 0,
    })),
    members: [],
    meanFirstAccuracy: 0.5,
    agreement: 0.8,
    withoutConsensus: 0,
    perProblem: Array.from({ length: n }, (_, index) => ({
      problemId: `p-${index}`,
      correct: Object.fromEntries(rights.map(({ mode, right }) => [mode, index < right])),
    })),
  };
}
