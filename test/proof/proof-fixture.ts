/** Made-up runs of a proof, with accuracies as told: the first so many problems of a seed are right, so pairs are nested. */
import type { AnswerMode, Evaluation } from '../../src/contract/evaluation';
import type { RunRecord } from '../../src/contract/run';
import type { WeightsRecord } from '../../src/contract/training-job';
import { drawKey } from '../../src/domain/draws';
import { standardError } from '../../src/domain/statistics';
import type { ProofMethod } from '../../src/proof/methods';
import { planProof, type PlannedRun, type ProofPlan } from '../../src/proof/plan';
import { seriesOf, type RunSeries } from '../../src/proof/series';

export const base = {
  name: 'tiny-proof',
  task: { kind: 'arithmetic', max: 10, train: 800, eval: 500 },
  method: { preset: 'multiagent-finetuning', prompts: 'compact', correctedShare: 0.25, minimumAgreement: 0.5 },
  iterations: 5,
  model: { base: 'models/tiny-arithmetic' },
  sampling: { temperature: 1, topP: 1, maxTokens: 80 },
  finetuning: { weights: 'full' },
  evaluation: { votes: { samples: 9, at: 'first-and-last' } },
};

export interface Told {
  method: ProofMethod;
  seed: number;
  iteration: number;
  mode: AnswerMode;
}

export interface FixtureOptions {
  seeds?: number[];
  methods?: ProofMethod[];
  accuracy?: (told: Told) => number;
  /** Optimizer steps of one agent in one iteration. */
  steps?: (method: ProofMethod, agent: string) => number;
  /** The last iteration that is there; default L. */
  evaluatedUpTo?: (method: ProofMethod, seed: number) => number;
  /** Whether a run that was not evaluated to L has ended there, as `stopWhen` ends it. */
  endsEarly?: boolean;
}

/** The measured curves of a plain loop over three seeds, roughly. */
const curves: Record<ProofMethod, number[]> = {
  'multiagent-finetuning': [0.67, 0.76, 0.79, 0.81, 0.8, 0.82],
  'majority-finetuning': [0.58, 0.786, 0.799, 0.793, 0.787, 0.785],
  'single-agent': [0.67, 0.778, 0.804, 0.768, 0.764, 0.759],
  control: [0.67, 0.654, 0.634, 0.68, 0.67, 0.66],
};
const votes: Record<ProofMethod, [number, number]> = {
  'multiagent-finetuning': [0.836, 0.868],
  'majority-finetuning': [0.836, 0.813],
  'single-agent': [0.836, 0.8],
  control: [0.836, 0.84],
};

/** What a seed adds or takes, the same for all methods: paired differences do not see it. */
const seedShift = (seed: number) => ((seed % 3) - 1) / 250;

export function measuredAccuracy({ method, seed, iteration, mode }: Told): number {
  if (mode === 'society') return curves[method][iteration]! + seedShift(seed) + (seed % 2) * iteration * 0.002;
  if (mode === 'sample') return iteration === 0 ? 0.5 : 0.7;
  return votes[method][iteration === 0 ? 0 : 1] + seedShift(seed);
}

export function fixturePlan({ seeds = [21, 22, 23], methods }: FixtureOptions = {}): ProofPlan {
  const all: ProofMethod[] = ['multiagent-finetuning', 'majority-finetuning', 'single-agent', 'control'];
  return planProof(base, { seeds, methods: methods ?? all });
}

export function fixtureSeries(options: FixtureOptions = {}, plan = fixturePlan(options)): RunSeries[] {
  const { evaluatedUpTo = () => plan.iterations, endsEarly = false } = options;
  return plan.runs.flatMap((run) => {
    const last = evaluatedUpTo(run.method, run.seed);
    if (last < 0) return [];
    const iterations = Array.from({ length: run.plan.iterations + 1 }, (_, iteration) => ({
      iteration,
      evaluation: iteration <= last ? evaluationOf(run, iteration, options) : undefined,
      weights: iteration === 0 || iteration > last ? [] : weightsOf(run, iteration, options),
    }));
    const { runId, method, seed } = run;
    const endedAt = endsEarly || last === plan.iterations ? last : undefined;
    return [seriesOf({ runId, method, seed, record: recordOf(run), endedAt }, iterations)];
  });
}

export function recordOf({ runId, raw, resolved, plan, seed }: PlannedRun): RunRecord {
  const file = (name: string) => ({ key: `runs/${runId}/${name}.jsonl`, sha256: drawKey(`${seed}/${name}`) });
  return {
    runId,
    workflowId: `maft/${runId}`,
    specificationDigest: resolved.digest,
    specification: resolved.specification,
    written: raw,
    valueSources: {},
    plan,
    problems: { eval: file('problems/eval'), train: [file('problems/train')] },
    references: { eval: file('references/eval'), train: [file('references/train')] },
    versions: { maft: '0.1.0' },
    createdAt: '2026-11-21T10:00:00.000Z',
  };
}

function evaluationOf(run: PlannedRun, iteration: number, { accuracy = measuredAccuracy }: FixtureOptions): Evaluation {
  const { runId, method, seed, plan } = run;
  const problems = plan.evaluationProblems;
  const modes: AnswerMode[] = ['society', 'sample'];
  if (plan.voteAtIterations.includes(iteration)) modes.push(`vote-${plan.voteSamples}`);
  const correct = new Map(
    modes.map((mode) => [mode, Math.round(problems * accuracy({ method, seed, iteration, mode }))]),
  );
  return {
    runId,
    iteration,
    split: 'eval',
    problems,
    failed: 0,
    modes: [...correct].map(([mode, right]) => ({
      mode,
      problems,
      correct: right,
      accuracy: right / problems,
      standardError: standardError({ correct: right, n: problems }),
      callsPerProblem: mode === 'sample' ? 1 : mode === 'society' && plan.evaluationRounds === 1 ? 3 : 9,
      counts: { calls: 9, promptTokens: 100, completionTokens: 100 },
      noAnswer: 0,
      tieBroken: 0,
    })),
    members: [],
    meanFirstAccuracy: 0.5,
    agreement: 0.8,
    withoutConsensus: 0,
    perProblem: Array.from({ length: problems }, (_, index) => ({
      problemId: `arithmetic-${index}`,
      correct: Object.fromEntries([...correct].map(([mode, right]) => [mode, index < right])),
    })),
  };
}

function weightsOf(run: PlannedRun, iteration: number, { steps = defaultSteps }: FixtureOptions): WeightsRecord[] {
  return run.plan.trainedAgents.map((agent) => {
    const taken = steps(run.method, agent);
    const head = { agent, iteration, model: `${run.runId}.i${iteration}.${agent}` };
    if (taken === 0) return { ...head, outcome: 'empty-training-set' };
    return { ...head, outcome: 'trained', training: training(taken) };
  });
}

function training(steps: number): WeightsRecord['training'] {
  const made = {
    device: 'cpu',
    precision: 'float32',
    peakGpuMemoryBytes: null,
    digest: 'd',
    lossCurve: [],
    versions: {},
  };
  return { examples: steps * 8, steps, tokens: steps * 300, seconds: 1, ...made };
}

/** Of 800 problems the society keeps some, the control all; the one model learns from three agents' responses. */
function defaultSteps(method: ProofMethod, agent: string): number {
  if (agent === 'shared') return 140;
  if (method === 'control') return 100;
  return agent.startsWith('critic') ? 35 : 60;
}
