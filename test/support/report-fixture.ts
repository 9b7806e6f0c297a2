/**
 * A made-up but consistent run for tests of the report: deterministic, no model, no store. Its numbers are invented and
 * resemble those of the demo; sums match as those of a real run do.
 */
import type { AnswerMode, ConsensusAudit, Evaluation, ModeResult, ProblemResult } from '../../src/contract/evaluation';
import type { RunPlan, RunRecord, SplitReferences, StageTiming } from '../../src/contract/run';
import { runSpecificationSchema } from '../../src/contract/specification';
import type { RunSpecificationInput } from '../../src/contract/specification';
import type { AgentSelection, SelectionReport } from '../../src/contract/training';
import type { WeightsRecord } from '../../src/contract/training-job';
import { measuresOf } from './report-fixture-measures';
import { answeredRight, problemId, question, reference, transcript, uniform } from './report-fixture-debates';
import type { FixtureShape, Shape } from './report-fixture-debates';
import { drawKey } from '../../src/domain/draws';
import { standardError } from '../../src/domain/statistics';
import { chooseFollowedProblems } from '../../src/report/followed-problems';
import type { IterationArtifacts, ReportInput } from '../../src/report/report-input';

const defaults: Shape = {
  members: 3,
  rounds: 2,
  iterations: 2,
  evaluatedUpTo: 2,
  problems: 500,
  emptyAgents: [],
  failedProblems: 0,
};

/** Problems whose debates are part of the input. */
const shownDebates = 40;

export function reportFixture(options: FixtureShape = {}): ReportInput {
  const shape = { ...defaults, ...options };
  const evaluated = Array.from({ length: shape.evaluatedUpTo + 1 }, (_, iteration) => iteration);
  const iterations = evaluated.map((iteration) => artifactsOf(iteration, shape));
  return {
    run: runRecord(shape),
    state: shape.evaluatedUpTo === shape.iterations ? 'completed' : 'unfinished',
    iterations,
    transcripts: evaluated.flatMap((iteration) =>
      Array.from({ length: shownDebates }, (_, index) => transcript({ index, iteration, split: 'eval', shape })),
    ),
    references: Object.fromEntries(
      Array.from({ length: shownDebates }, (_, index) => [problemId(index), reference(index)]),
    ),
    questions: Object.fromEntries(
      Array.from({ length: shape.problems }, (_, index) => [problemId(index), question(index)]),
    ),
    followed: followed(shape, iterations),
    timings: evaluated.flatMap((iteration) => timings(iteration, shape)),
    notices: shape.evaluatedUpTo >= 0 ? ['The search attribute MaftAccuracy is not registered; it was left out.'] : [],
  };
}

/** Debates as those of the samples; only of the problems below `shownDebates` do they lead to the society's verdict. */
function followed(shape: Shape, iterations: IterationArtifacts[]): ReportInput['followed'] {
  const chosen = chooseFollowedProblems(iterations, { seed: 21, ...shape });
  return iterations.flatMap(({ iteration }) =>
    chosen.map(({ problemId: id }) => {
      const index = Number(id.split('-')[1]);
      return { transcript: transcript({ index, iteration, split: 'eval', shape }), rightAnswers: [reference(index)] };
    }),
  );
}

function agentsOf({ members, rounds }: Shape): string[] {
  const ids = (role: string) => Array.from({ length: members }, (_, index) => `${role}-${index + 1}`);
  return rounds > 1 ? [...ids('generation'), ...ids('critic')] : ids('generation');
}

function callsOf({ members, rounds }: Shape): number {
  return members + (members === 1 ? 1 : 2) * members * (rounds - 1);
}

function runRecord(shape: Shape): RunRecord {
  const written: RunSpecificationInput = {
    name: shape.name ?? 'demo',
    seed: 21,
    task: { kind: 'arithmetic', max: 10, train: 800, eval: shape.problems },
    method: {
      members: shape.members,
      rounds: shape.rounds,
      correctedShare: 0.25,
      minimumAgreement: 0.5,
      ...shape.method,
    },
    iterations: shape.iterations,
    model: { base: 'models/tiny-arithmetic' },
    finetuning: { weights: 'full', learningRate: 1e-4 },
  };
  return {
    runId: 'demo-7f3a21',
    workflowId: 'maft/demo-7f3a21',
    specificationDigest: drawKey(JSON.stringify(written)),
    specification: runSpecificationSchema.parse(written),
    written,
    valueSources: {
      name: 'specification',
      'task.max': 'specification',
      'method.members': 'preset',
      'method.correctedShare': 'specification',
      'finetuning.learningRate': 'specification',
      'finetuning.epochs': 'default',
    },
    plan: planOf(shape),
    problems: splitReferences('problems', shape),
    references: splitReferences('references', shape),
    versions: { maft: '0.1.0', node: '20.20.2', python: '3.11.2', torch: '2.13.0', transformers: '5.18.0' },
    createdAt: '2026-11-21T10:00:00.000Z',
  };
}

function splitReferences(folder: string, { iterations }: Shape): SplitReferences {
  const reference = (key: string) => ({
    key: `runs/demo-7f3a21/${folder}/${key}.jsonl`,
    sha256: drawKey(`${folder}/${key}`),
  });
  return { eval: reference('eval'), train: Array.from({ length: iterations }, () => reference('train')) };
}

function planOf(shape: Shape): RunPlan {
  return {
    runId: 'demo-7f3a21',
    name: shape.name ?? 'demo',
    task: 'arithmetic',
    method: 'multiagent-finetuning',
    members: shape.members,
    rounds: shape.rounds,
    evaluationRounds: shape.rounds,
    iterations: shape.iterations,
    trainProblems: 800,
    evaluationProblems: shape.problems,
    shardSize: 50,
    shardsInFlight: 8,
    problemsInFlight: 8,
    maxFailedShare: 0.02,
    trainedAgents: agentsOf(shape),
    voteSamples: callsOf(shape),
    voteAtIterations: [0, shape.iterations],
    searchAttributes: [],
    scoring: [],
    notices: [],
  };
}

function artifactsOf(iteration: number, shape: Shape): IterationArtifacts {
  const evaluation = evaluationOf(iteration, shape);
  const evaluations = Array.from({ length: iteration + 1 }, (_, each) => evaluationOf(each, shape));
  const measures = measuresOf(iteration, shape, evaluations);
  if (iteration === 0) return { iteration, evaluation, measures, weights: [] };
  const selection = selectionOf(iteration, shape);
  return {
    iteration,
    evaluation,
    measures,
    selection,
    weights: selection.agents.map((agent) => weightsOf(agent, { iteration })),
    audit: auditOf(selection),
  };
}

/** Target accuracies at iteration 0 and what is gained by then at the last one, roughly those of the tiny model. */
function targetAccuracy(mode: AnswerMode, iteration: number): number {
  const learned = 1 - 0.55 ** iteration;
  if (mode === 'sample') return 0.5 + 0.26 * learned;
  if (mode === 'society') return 0.67 + 0.15 * learned;
  return mode === 'vote-3' ? 0.58 + 0.22 * learned : 0.836 + 0.04 * learned;
}

function evaluationOf(iteration: number, shape: Shape): Evaluation {
  const votes = [shape.members, callsOf(shape)].filter(
    (k) => iteration === 0 || iteration === shape.iterations || k === shape.members,
  );
  const modes: AnswerMode[] = ['society', 'sample', ...new Set(votes.map((k): AnswerMode => `vote-${k}`))];
  const perProblem = Array.from({ length: shape.problems }, (_, index) =>
    problemResult({ index, iteration, modes, shape }),
  );
  return {
    runId: 'demo-7f3a21',
    iteration,
    split: 'eval',
    problems: shape.problems,
    failed: shape.failedProblems,
    modes: modes.map((mode) => modeResult(mode, { perProblem, shape })),
    members: Array.from({ length: shape.members }, (_, index) => ({
      member: index + 1,
      first: targetAccuracy('sample', iteration) + 0.01 * index,
      last: targetAccuracy('society', iteration) - 0.04 + 0.01 * index,
    })),
    meanFirstAccuracy: targetAccuracy('sample', iteration) + 0.005 * (shape.members - 1),
    agreement: 0.71 + 0.12 * (1 - 0.6 ** iteration),
    withoutConsensus: 3,
    perProblem,
  };
}

function problemResult(input: { index: number; iteration: number; modes: AnswerMode[]; shape: Shape }): ProblemResult {
  const { index, iteration, modes, shape } = input;
  const failed = index >= shape.problems - shape.failedProblems;
  // One difficulty per problem makes the methods agree on easy problems, as real ones do.
  const difficulty = uniform(`difficulty/${index}`);
  const right = (mode: AnswerMode) =>
    !failed &&
    0.65 * difficulty + 0.35 * uniform(`noise/${mode}/${iteration}/${index}`) < targetAccuracy(mode, iteration);
  const correct = Object.fromEntries(modes.map((mode) => [mode, right(mode)]));
  // The debates that are shown must agree with the verdicts on them.
  if (index < shownDebates) correct['society'] = answeredRight(transcript({ index, iteration, split: 'eval', shape }));
  return { problemId: problemId(index), correct };
}

function modeResult(
  mode: AnswerMode,
  { perProblem, shape }: { perProblem: ProblemResult[]; shape: Shape },
): ModeResult {
  const problems = perProblem.length;
  const correct = perProblem.filter((result) => result.correct[mode] === true).length;
  const calls = mode === 'society' ? callsOf(shape) : mode === 'sample' ? 1 : Number(mode.slice('vote-'.length));
  return {
    mode,
    problems,
    correct,
    accuracy: correct / problems,
    standardError: standardError({ correct, n: problems }),
    callsPerProblem: calls,
    counts: { calls: calls * problems, promptTokens: calls * problems * 31, completionTokens: calls * problems * 38 },
    noAnswer: mode === 'sample' ? 7 : 1,
    tieBroken: mode === 'sample' ? 0 : 22,
  };
}

function selectionOf(iteration: number, shape: Shape): SelectionReport {
  const agents = agentsOf(shape);
  return {
    iteration,
    method: 'multiagent-finetuning',
    select: shape.method?.['select'] === 'none' ? 'none' : 'consensus',
    seed: 21,
    problems: 800,
    consensus: { agreed: 790 - shape.failedProblems, tieBroken: 96, none: 10, failed: shape.failedProblems },
    agents: agents.map((agent) => agentSelection(agent, { iteration, shape })),
  };
}

function agentSelection(agent: string, { iteration, shape }: { iteration: number; shape: Shape }): AgentSelection {
  const draw = Math.floor(40 * uniform(`selection/${agent}/${iteration}`));
  const responses = 800 * shape.rounds;
  const rejected = {
    ...(shape.failedProblems > 0 && { failed: shape.failedProblems * shape.rounds }),
    'no-consensus': 10 * shape.rounds,
    ...(shape.rounds > 1 && { 'not-a-target': (790 - shape.failedProblems) * (shape.rounds - 1) }),
    unparsable: 6,
    disagrees: 190 + draw,
    'below-agreement': 60,
    truncated: 2,
    'not-sampled': agent.startsWith('critic') ? 240 : 0,
  };
  const left = responses - Object.values(rejected).reduce((sum, value) => sum + value, 0);
  if (shape.emptyAgents.includes(agent)) {
    const outcomes = { ...rejected, disagrees: rejected.disagrees + left };
    return { agent, responses, outcomes, examples: 0, completionTokens: 0, trainedOnTie: 0 };
  }
  const selected: AgentSelection['outcomes'] = agent.startsWith('critic')
    ? { 'selected as corrected': Math.floor(left / 4), 'selected as consistent': left - Math.floor(left / 4) }
    : { 'selected as generation': left };
  return {
    agent,
    responses,
    outcomes: { ...rejected, ...selected },
    examples: left,
    completionTokens: left * 38,
    trainedOnTie: 9,
  };
}

function weightsOf({ agent, examples }: AgentSelection, { iteration }: { iteration: number }): WeightsRecord {
  if (examples === 0) return { agent, iteration, model: 'models/tiny-arithmetic', outcome: 'empty-training-set' };
  const steps = 2 * Math.ceil(examples / 16);
  return {
    agent,
    iteration,
    model: `demo-7f3a21.i${iteration}.${agent}.${drawKey(`${agent}/${iteration}`).slice(0, 8)}`,
    outcome: 'trained',
    training: {
      examples,
      steps,
      tokens: examples * 76,
      seconds: 4.2 + uniform(`seconds/${agent}/${iteration}`),
      device: 'cpu',
      precision: 'float32',
      peakGpuMemoryBytes: null,
      digest: drawKey(`weights/${agent}/${iteration}`),
      lossCurve: Array.from({ length: steps }, (_, index) => ({
        step: index + 1,
        loss: loss({ agent, iteration, index, steps }),
      })),
      versions: { torch: '2.13.0', transformers: '5.18.0' },
    },
  };
}

function loss({
  agent,
  iteration,
  index,
  steps,
}: {
  agent: string;
  iteration: number;
  index: number;
  steps: number;
}): number {
  const start = 0.26 / iteration ** 0.5;
  return start * (0.55 + 0.45 * Math.exp((-5 * index) / steps)) + 0.05 * uniform(`loss/${agent}/${iteration}/${index}`);
}

function auditOf({ iteration, agents, consensus }: SelectionReport): ConsensusAudit {
  return {
    iteration,
    agents: agents.map(({ agent, examples }) => ({
      agent,
      examples,
      wrongConsensus: Math.round(examples * (0.12 + 0.05 * uniform(`audit/${agent}/${iteration}`))),
    })),
    problems: { agreed: consensus.agreed, consensusRight: Math.round(consensus.agreed * 0.78) },
  };
}

function timings(iteration: number, shape: Shape): StageTiming[] {
  const calls = (problems: number) => problems * callsOf(shape);
  const counts = (problems: number) => ({
    calls: calls(problems),
    promptTokens: calls(problems) * 31,
    completionTokens: calls(problems) * 38,
  });
  const none = { calls: 0, promptTokens: 0, completionTokens: 0 };
  const evaluate: StageTiming = {
    stage: 'evaluate',
    iteration,
    seconds: 21.5 + iteration,
    counts: counts(shape.problems),
  };
  if (iteration === 0) return [{ stage: 'resolve', iteration, seconds: 0.4, counts: none }, evaluate];
  return [
    { stage: 'debate', iteration, seconds: 34.1, counts: counts(800) },
    { stage: 'select', iteration, seconds: 0.8, counts: none },
    { stage: 'finetune', iteration, seconds: 27.3, counts: none },
    evaluate,
  ];
}
