/**
 * Training sets of one iteration from its transcripts (method.md, Training sets; Algorithm 1, lines 22-29). Label-free:
 * with `select: consensus` nothing but the transcripts decides. Every response gets exactly one outcome.
 */
import type {
  AgentSelection,
  ExampleSet,
  SelectionOutcome,
  SelectionReport,
  TrainingExample,
} from '../contract/training';
import type { Transcript } from '../contract/transcript';
import { responsesOf } from './agent-responses';
import {
  judgeProblem,
  outcomeBeforeSampling,
  type AgentResponse,
  type ProblemJudgement,
  type ReferenceVerdict,
  type SelectionSettings,
} from './eligibility';
import { sharedAgent } from './identifiers';
import { withinBudget } from './matching';
import { lossWeights, mixedCounts, sampleProblems, type CriticSet, type MixedCounts } from './mixing';
import { trainedAgents, tunedAgents } from './plan';
import { counterpartOf, isDissent, lossOf } from './preferences';

export type { ReferenceVerdict, SelectionSettings } from './eligibility';

export interface SelectionResult {
  /** The training set of every agent that could be trained, empty ones included. */
  trainingSets: Map<string, TrainingExample[]>;
  report: SelectionReport;
}

/** A response that nothing excludes, before sampling. */
export interface Candidate {
  example: TrainingExample;
  /** Null if the endpoint did not count them. */
  completionTokens: number | null;
  tieBroken: boolean;
}

/** The responses of one agent; several form one training set if the one model learns what every agent would. */
interface AgentAccount {
  agent: string;
  /** Whose training set its examples go to. */
  trains: string;
  outcomes: Map<SelectionOutcome, number>;
  candidates: Candidate[];
}

const sampledSets: ReadonlySet<ExampleSet> = new Set(['corrected', 'consistent']);

/**
 * Takes voted transcripts one by one and then makes the training sets, so that a caller can stream them from files. Only
 * the texts of possible targets are kept. `verdict` is asked for `select: reference` alone.
 */
export class Selection {
  private readonly accounts: AgentAccount[];
  private readonly consensus = { agreed: 0, tieBroken: 0, none: 0, failed: 0 };
  private problems = 0;

  constructor(
    private readonly settings: SelectionSettings,
    private readonly verdict?: ReferenceVerdict,
  ) {
    if ((settings.select === 'reference') !== (verdict !== undefined)) {
      throw new Error(`select is ${settings.select}: reference verdicts belong to select: reference, and only there`);
    }
    this.accounts = judgedAgents(settings).map((account) => ({ ...account, outcomes: new Map(), candidates: [] }));
  }

  add(transcript: Transcript): void {
    this.countProblem(transcript);
    const judgement = judgeProblem(transcript, this.settings, this.verdict ?? noVerdict);
    const judged = this.accounts.map((account) => ({
      account,
      responses: responsesOf(account.agent, transcript, this.settings, judgement),
    }));
    const dissent = this.dissentAmong(
      judged.flatMap(({ responses }) => responses),
      judgement,
    );
    for (const { account, responses } of judged) {
      for (const response of responses) this.consider(account, response, { transcript, judgement, dissent });
    }
  }

  finish(): SelectionResult {
    const chosen = trainedAgents(this.settings).map((agent) => this.trainingSetOf(agent));
    const { method, select, seed, iteration } = this.settings;
    return {
      trainingSets: new Map(
        chosen.map(({ account, candidates }) => [account.trains, candidates.map(({ example }) => example)]),
      ),
      report: {
        iteration,
        method,
        select,
        seed,
        problems: this.problems,
        consensus: { ...this.consensus },
        agents: chosen.map(({ account, candidates }) => agentSelection(account, candidates)),
      },
    };
  }

  private countProblem({ consensus }: Transcript): void {
    this.problems += 1;
    this.consensus[consensus.kind] += 1;
    if (consensus.kind === 'agreed' && consensus.tieBroken) this.consensus.tieBroken += 1;
  }

  private dissentAmong(responses: readonly AgentResponse[], judgement: ProblemJudgement): Set<AgentResponse> {
    const isPreference = this.accounts.some(({ trains }) => lossOf(this.settings, trains) !== 'supervised');
    return new Set(isPreference ? responses.filter((each) => isDissent(each, judgement, this.settings)) : []);
  }

  private consider(account: AgentAccount, response: AgentResponse, problem: JudgedProblem): void {
    const { judgement } = problem;
    const candidate = (example: TrainingExample, completionTokens: number | null) =>
      account.candidates.push({ example, completionTokens, tieBroken: judgement.tieBroken });
    const example = trainingExample(account.trains, problem.transcript.problemId, response, this.settings.iteration);
    const { completionTokens } = response.turn.usage;
    const outcome = outcomeBeforeSampling(response, judgement, this.settings);
    const loss = lossOf(this.settings, account.trains);
    if (loss === 'kto' && problem.dissent.has(response)) {
      candidate({ ...example, set: 'undesirable', desirable: false }, completionTokens);
    } else if (outcome !== response.set) {
      count(account, outcome as SelectionOutcome);
    } else if (loss !== 'dpo') {
      candidate(loss === 'kto' ? { ...example, desirable: true } : example, completionTokens);
    } else {
      const other = counterpartOf(response, ownDissent(problem.dissent), { ...this.settings, ...example });
      if (other === undefined) count(account, 'uncontested');
      else candidate({ ...example, rejected: other.turn.response }, bothTokens(response, other));
    }
  }

  /** Mixes each critic's two sides, keeps to the budget, weighs; counts each candidate's final outcome. */
  private trainingSetOf(agent: string): { account: AgentAccount; candidates: Candidate[] } {
    const accounts = this.accounts.filter(({ trains }) => trains === agent);
    const mixed = accounts.map((account) => this.mix(account));
    const kept = withinBudget(mixed.flat(), { ...this.settings, agent });
    const chosen = mixed.flatMap((candidates) => this.weigh(candidates.filter((candidate) => kept.has(candidate))));
    const sorted = chosen.sort((left, right) => compareExamples(left.example, right.example));
    const account = mergedAccount(agent, accounts);
    for (const { example } of sorted) count(account, `selected as ${example.set}`);
    const left = accounts.reduce((sum, { candidates }) => sum + candidates.length, 0) - sorted.length;
    if (left > 0) account.outcomes.set('not-sampled', left);
    return { account, candidates: sorted };
  }

  /** A critic's two sides are sampled; every other set is taken whole. */
  private mix(account: AgentAccount): Candidate[] {
    account.candidates.sort((left, right) => compareExamples(left.example, right.example));
    const kept = this.keptProblems(account);
    return account.candidates.filter(({ example: { set, problemId } }) => kept[set]?.has(problemId) ?? true);
  }

  private weigh(candidates: Candidate[]): Candidate[] {
    const { mixing, correctedShare } = this.settings;
    return mixing === 'weighted-loss' ? weighted(candidates, correctedShare) : candidates;
  }

  /** D^C is a set of problems: with several target rounds, the lines of a problem stay or go together. */
  private keptProblems({ agent, candidates }: AgentAccount): Partial<Record<ExampleSet, Set<string>>> {
    const { seed, iteration, correctedShare, mixing } = this.settings;
    const corrected = problemsOf(candidates, 'corrected');
    const consistent = problemsOf(candidates, 'consistent');
    const counts = mixedCounts({ corrected: corrected.length, consistent: consistent.length }, correctedShare, mixing);
    return {
      corrected: sampleProblems(corrected, counts.corrected, { seed, iteration, agent, set: 'corrected' }),
      consistent: sampleProblems(consistent, counts.consistent, { seed, iteration, agent, set: 'consistent' }),
    };
  }
}

/** A response's context while it is judged. */
interface JudgedProblem {
  transcript: Transcript;
  judgement: ProblemJudgement;
  /** Responses that disagree with the vote and are readable and whole; empty unless preferences are learnt. */
  dissent: ReadonlySet<AgentResponse>;
}

/** Without responses that only stand for their chain (`criticTarget: all-rounds`): their answer was not judged. */
function ownDissent(dissent: ReadonlySet<AgentResponse>): AgentResponse[] {
  return [...dissent].filter(({ deciding, turn }) => deciding === turn);
}

function bothTokens(chosen: AgentResponse, rejected: AgentResponse): number | null {
  const one = chosen.turn.usage.completionTokens;
  const other = rejected.turn.usage.completionTokens;
  return one === null || other === null ? null : one + other;
}

/** Training sets from transcripts that are all in memory. */
export function selectTrainingSets(
  transcripts: Iterable<Transcript>,
  settings: SelectionSettings,
  verdict?: ReferenceVerdict,
): SelectionResult {
  const selection = new Selection(settings, verdict);
  for (const transcript of transcripts) selection.add(transcript);
  return selection.finish();
}

/** By problemId (code units, the same on every machine), then round, then member. */
function compareExamples(left: TrainingExample, right: TrainingExample): number {
  if (left.problemId !== right.problemId) return left.problemId < right.problemId ? -1 : 1;
  return left.round - right.round || left.member - right.member;
}

/** Every agent is judged by itself, or the one model as a whole; with `every-agent` it learns all agents' sets. */
function judgedAgents(settings: SelectionSettings): { agent: string; trains: string }[] {
  const { weights, sharedTargets } = settings;
  if (weights !== 'one' || sharedTargets === 'last-round')
    return trainedAgents(settings).map((agent) => ({ agent, trains: agent }));
  return tunedAgents(settings).map((agent) => ({ agent, trains: sharedAgent }));
}

function mergedAccount(trains: string, accounts: readonly AgentAccount[]): AgentAccount {
  const outcomes = new Map<SelectionOutcome, number>();
  for (const [outcome, number] of accounts.flatMap((account) => [...account.outcomes]))
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + number);
  return { agent: trains, trains, outcomes, candidates: [] };
}

function noVerdict(problemId: string): never {
  throw new Error(`no verdict on ${problemId}`);
}

/** Most outcomes counted separately: an endpoint may report a new end each time. */
const mostOutcomes = 40;

function count({ outcomes }: AgentAccount, found: SelectionOutcome): void {
  const isFurther = found.startsWith('ended as ') && !outcomes.has(found) && outcomes.size >= mostOutcomes;
  const outcome = isFurther ? 'ended as others' : found;
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

function problemsOf(candidates: readonly Candidate[], set: CriticSet): string[] {
  return [...new Set(candidates.filter(({ example }) => example.set === set).map(({ example }) => example.problemId))];
}

function trainingExample(
  agent: string,
  problemId: string,
  { turn, prompt, round, set }: AgentResponse,
  iteration: number,
): TrainingExample {
  const { messages } = prompt;
  return {
    problemId,
    iteration,
    agent,
    member: turn.member,
    round,
    set,
    messages,
    completion: turn.response,
    weight: 1,
  };
}

function weighted(candidates: readonly Candidate[], correctedShare: number): Candidate[] {
  const size = (set: CriticSet) => candidates.filter(({ example }) => example.set === set).length;
  const sizes: MixedCounts = { corrected: size('corrected'), consistent: size('consistent') };
  // A budget may have left only examples that weigh nothing; then there is nothing to train on.
  const counted = mixedCounts(sizes, correctedShare, 'weighted-loss');
  const weights = lossWeights(counted, correctedShare);
  return candidates
    .filter(({ example: { set } }) => !sampledSets.has(set) || counted[set as CriticSet] > 0)
    .map((candidate) => {
      const { set } = candidate.example;
      if (!sampledSets.has(set)) return candidate;
      return { ...candidate, example: { ...candidate.example, weight: weights[set as CriticSet] } };
    });
}

function agentSelection({ trains: agent, outcomes }: AgentAccount, chosen: readonly Candidate[]): AgentSelection {
  const sorted = [...outcomes].sort(([left], [right]) => (left < right ? -1 : 1));
  const uncounted = chosen.filter(({ completionTokens }) => completionTokens === null).length;
  return {
    agent,
    responses: sorted.reduce((sum, [, responses]) => sum + responses, 0),
    outcomes: Object.fromEntries(sorted),
    examples: chosen.length,
    completionTokens: chosen.reduce((sum, { completionTokens }) => sum + (completionTokens ?? 0), 0),
    ...(uncounted === 0 ? {} : { uncountedExamples: uncounted }),
    trainedOnTie: chosen.filter(({ tieBroken }) => tieBroken).length,
  };
}
