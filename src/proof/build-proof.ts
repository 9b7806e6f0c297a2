/** The proof as data (`proof.json`): curves, claims, further comparisons and training effort, from the runs that exist. */
import type { AnswerMode } from '../contract/evaluation';
import { claimsOf, type Claim } from './claims';
import { compareOverSeeds, type SeriesOfSeed, type Side } from './comparisons';
import { type SeedsComparison } from '../domain/evidence/seeds-comparison';
import { curveOf, peakIteration, type Curve } from './curves';
import { society, type ProofMethod } from './methods';
import type { PlannedRun, ProofPlan } from './plan';
import { lastEvaluated, measurementAt, requireSameProblems, type RunSeries } from './series';
import { trainingEffort, type TrainingEffort } from './steps';

export interface ProofRun {
  runId: string;
  method: ProofMethod;
  seed: number;
  /** Undefined before the first evaluation. */
  lastEvaluated: number | undefined;
  isFinished: boolean;
}

/** A comparison worth knowing that nobody claims anything about. */
export interface Finding {
  id: string;
  /** What is set side by side: first, then second. */
  first: string;
  second: string;
  comparison: SeedsComparison;
}

export interface Proof {
  format: 'maft-proof/1';
  name: string;
  /** L */
  iterations: number;
  seeds: number[];
  methods: ProofMethod[];
  /** Problems per seed. */
  problems: { train: number; eval: number };
  model: string;
  /** As the first run was started; the others differ in seed and method. */
  specification: object;
  /** Software that made the runs; empty while none is there. */
  versions: Record<string, string>;
  runs: ProofRun[];
  curves: Curve[];
  claims: Claim[];
  findings: Finding[];
  effort: TrainingEffort[];
  notices: string[];
}

/** Deterministic: the same artifacts give the same proof. Throws `ConfigError` where runs of a seed had other problems. */
export function buildProof(plan: ProofPlan, series: readonly RunSeries[]): Proof {
  requireSameProblems(series);
  const [planned] = plan.runs;
  if (planned === undefined) throw new RangeError('a proof without runs');
  const find: SeriesOfSeed = (method, seed) => series.find((run) => run.method === method && run.seed === seed);
  const vote = equalCallsVote(planned);
  const context = { seeds: plan.seeds, iterations: plan.iterations, find, vote };
  return {
    format: 'maft-proof/1',
    name: plan.name,
    iterations: plan.iterations,
    seeds: plan.seeds,
    methods: plan.methods,
    problems: { train: planned.plan.trainProblems, eval: planned.plan.evaluationProblems },
    model: planned.resolved.specification.model.base,
    specification: planned.raw,
    versions: series[0]?.record.versions ?? {},
    runs: plan.runs.map((run) => proofRunOf(run, find(run.method, run.seed))),
    curves: allCurves(plan, find, vote),
    claims: claimsOf(context),
    findings: findingsOf(context),
    effort: plan.methods.map((method) => trainingEffort(series, method)).filter((effort) => effort !== null),
    notices: [...noticesOf(plan, find), ...repeatabilityNotices(series)],
  };
}

/** The vote that is set against a debate: as many samples as the specification asks for, by default a debate's calls. */
function equalCallsVote({ plan }: PlannedRun): AnswerMode {
  return `vote-${plan.voteSamples}`;
}

function proofRunOf({ runId, method, seed }: PlannedRun, series: RunSeries | undefined): ProofRun {
  const last = series === undefined ? undefined : lastEvaluated(series);
  return { runId, method, seed, lastEvaluated: last, isFinished: isFinished(series) };
}

function isFinished(series: RunSeries | undefined): boolean {
  return series?.endedAt !== undefined;
}

function allCurves({ methods, seeds, iterations }: ProofPlan, find: SeriesOfSeed, vote: AnswerMode): Curve[] {
  const modes: AnswerMode[] = ['society', 'sample', vote];
  const curves = methods.flatMap((method) => modes.map((mode) => curveOf(find, { method, mode, seeds, iterations })));
  return curves.filter((curve) => curve !== null);
}

interface FindingContext {
  seeds: readonly number[];
  iterations: number;
  find: SeriesOfSeed;
  vote: AnswerMode;
}

/** What a reader should know beside the claims: who wins at equal calls without being claimed to, and what one call gains. */
function findingsOf(context: FindingContext): Finding[] {
  const { seeds, iterations, find, vote } = context;
  const votes = `vote over ${vote.slice('vote-'.length)}`;
  const side = (iteration: number, mode: AnswerMode, method = society): Side => ({ method, iteration, mode });
  const peak = peakIteration(find, {
    method: 'single-agent',
    mode: 'society',
    seeds: seedsOf('single-agent', context),
    iterations,
  });
  const after = `after iteration ${iterations}`;
  const wanted: [string, [string, Side], [string, Side]][] = [
    ['untuned-vote-and-debate', [`untuned ${votes}`, side(0, vote)], ['untuned debate', side(0, 'society')]],
    [
      'tuned-vote-and-debate',
      [`society ${after}, ${votes}`, side(iterations, vote)],
      [`society ${after}, debate`, side(iterations, 'society')],
    ],
    [
      'tuned-debate-and-untuned-vote',
      [`society ${after}, debate`, side(iterations, 'society')],
      [`untuned ${votes}`, side(0, vote)],
    ],
    [
      'one-sample',
      [`society ${after}, one sample`, side(iterations, 'sample')],
      ['untuned, one sample', side(0, 'sample')],
    ],
    [
      'single-agent-vote',
      [`single agent ${after}, ${votes}`, side(iterations, vote, 'single-agent')],
      [`untuned ${votes}`, side(0, vote, 'single-agent')],
    ],
    ...(peak === undefined || peak === iterations
      ? []
      : ([
          [
            'after-the-single-agents-peak',
            [`society ${after}`, side(iterations, 'society')],
            [`society after iteration ${peak}, the single agent's best`, side(peak, 'society')],
          ],
        ] as [string, [string, Side], [string, Side]][])),
  ];
  return wanted.flatMap(([id, [first, firstSide], [second, secondSide]]) => {
    const comparison = compareOverSeeds(seeds, find, { first: firstSide, second: secondSide });
    return comparison === null ? [] : [{ id, first, second, comparison }];
  });
}

function seedsOf(method: ProofMethod, { seeds, find }: FindingContext): number[] {
  return seeds.filter((seed) => isFinished(find(method, seed)));
}

function noticesOf({ runs, seeds, iterations }: ProofPlan, find: SeriesOfSeed): string[] {
  const finished = runs.filter(({ method, seed }) => isFinished(find(method, seed)));
  const early = runs.flatMap(({ runId, method, seed }) => {
    const { endedAt = iterations } = find(method, seed) ?? {};
    return endedAt < iterations ? [`${runId} (iteration ${endedAt})`] : [];
  });
  const empty = runs.flatMap(({ runId, method, seed }) => {
    const weights = find(method, seed)?.weights.flat() ?? [];
    return weights.length > 0 && weights.every(({ outcome }) => outcome === 'empty-training-set') ? [runId] : [];
  });
  const changed = runs.filter(({ method, seed, resolved }) => {
    const digest = find(method, seed)?.record.specificationDigest;
    return digest !== undefined && digest !== resolved.digest;
  });
  return [
    finished.length < runs.length
      ? `${finished.length} of ${runs.length} runs are finished: what follows rests on those`
      : '',
    early.length > 0
      ? `ended before iteration ${iterations}, so that the last society stands for it: ${early.join(', ')}`
      : '',
    empty.length > 0 ? `nothing was trained, because every training set was empty: ${empty.join(', ')}` : '',
    seeds.length === 1 ? 'one seed: how much another would differ is not known' : '',
    seeds.length === 2 ? 'two seeds are too few for an interval over seeds: claims can hold for these seeds only' : '',
    changed.length > 0
      ? `made with another specification than today's: ${changed.map(({ runId }) => runId).join(', ')}`
      : '',
  ].filter((notice) => notice !== '');
}

/**
 * Untuned, the methods that debate are one and the same society with the same draws: other answers mean that serving does
 * not repeat itself here, and that differences contain this noise as well.
 */
function repeatabilityNotices(series: readonly RunSeries[]): string[] {
  const untuned = series.flatMap((run) => {
    const found = measurementAt(run, { iteration: 0, mode: 'society' });
    return found === undefined || run.record.plan.evaluationRounds === 1
      ? []
      : [{ run, correct: [...found.correct].join() }];
  });
  return untuned.flatMap(({ run, correct }) => {
    const first = untuned.find((other) => other.run.seed === run.seed);
    if (first === undefined || first.correct === correct) return [];
    return [
      `untuned, ${first.run.runId} and ${run.runId} should answer alike and do not: serving does not repeat itself on this machine`,
    ];
  });
}
