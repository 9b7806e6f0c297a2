/** The activities that call models: one debate turn, and the calls beside the debate (samples of votes, single calls). */
import type { StoredCompletion } from '../src/contract/completion';
import type { PaidCounts, TurnInput, TurnOutcome, VoteSamplesInput } from '../src/contract/run';
import { readSealed, requireSealed } from '../src/artifacts/sealed';
import type { Sampling, Society } from '../src/contract/society';
import type { ChatMessage, Usage } from '../src/contract/transcript';
import type { MethodSettings } from '../src/contract/specification';
import { saidIn } from '../src/domain/answers';
import { countCompletions } from '../src/domain/completion-counts';
import { addCounts, noCounts, usagesOf } from '../src/domain/counts';
import { samplingSeed } from '../src/domain/draws';
import { debateRules, sampleVoice, voiceOf, type Voice } from '../src/domain/debate-rules';
import { isEmpty } from '../src/domain/finish-reasons';
import { samplesAtEqualTokens, temperatureVoice } from '../src/domain/further-answers';
import { memberNumbers } from '../src/domain/identifiers';
import { iterationKeys } from '../src/domain/keys';
import { modelOf } from '../src/domain/society';
import { ProviderError } from '../src/errors';
import { askedAlone, othersResponses, summaryRequest, turnMessages, type DebateFrame } from '../src/prompts';
import { allSettledOrFailed } from '../src/settled';
import type { Task } from '../src/tasks/task';
import { completeOnce, completionPlace, type CallMemory, type CompletionPlace } from './completions';
import { chargesOf } from './charges';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import { runOf, type LoadedRuns } from './loaded-runs';

/** Everything a turn needs that does not depend on who speaks. */
interface TurnFrame extends DebateFrame {
  society: Society;
  task: Task;
  seed: number;
  thinking: MethodSettings['thinking'];
  /** The configured endpoint of the summariser. */
  endpoint: string;
  /** Runs whose answers to the same requests are adopted. */
  reuseTurnsOf: readonly string[];
}

/** The place of a turn; a sample of a vote has no member. */
type Place = Omit<TurnInput, 'member'>;

export function createDebateActivities(dependencies: ActivityDependencies, loadedRuns: LoadedRuns, memory: CallMemory) {
  const { store } = dependencies;
  const charges = chargesOf(store, loadedRuns);

  /** One member's part of one round: the summary of the others (from round 2 on), then the response. */
  async function takeTurn(input: TurnInput): Promise<TurnOutcome> {
    return withHeartbeats(async () => {
      const frame = await frameOf(input);
      const before = await previousRound(input, frame);
      const summary = await summarise(input, frame, before);
      const said = summary && saidIn(summary.response, frame.thinking);
      const previous = before[input.member - 1];
      const others = othersResponses(input, before);
      const messages = turnMessages(frame, input, { previous, others, summary: said });
      const role = input.round === 1 ? 'generation' : 'critic';
      const voice = { ...voiceOf(input, frame.rules), sampling: frame.society.sampling[role] };
      const isWithoutOwn = previous !== undefined && isEmpty(previous.response);
      const response = await respond(input, frame, voice, {
        messages,
        remarks: isWithoutOwn ? { askedWithoutEmptyAnswer: true } : {},
      });
      const counts = addCounts(
        countCompletions([response]),
        summary === undefined ? noCounts : countCompletions([summary]),
      );
      const isOwn = (name: string) => name === voice.name || name === `${voice.name}.summary`;
      const charged = await charges.in(input, [iterationKeys.round(input)], isOwn);
      return { answer: await frame.task.parse(saidIn(response.response, frame.thinking)), counts, ...charged };
    });
  }

  /**
   * First-round samples beyond the debate's own, and single calls at other temperatures; each is stored by itself, so a retry
   * asks only for what is missing.
   */
  async function drawVoteSamples(input: VoteSamplesInput): Promise<PaidCounts> {
    return withHeartbeats(async () => {
      const place = { ...input, round: 1 };
      const frame = await frameOf(place);
      const { generation: sampling } = frame.society.sampling;
      const { atEqualTokens = false, temperatures = [] } = input.furtherAnswers ?? {};
      const atTokens = atEqualTokens ? await samplesAtTokensOf(place, frame) : undefined;
      const samples = memberNumbers(Math.max(input.toSample, atTokens ?? 0)).slice(input.fromSample - 1);
      const drawn = await allSettledOrFailed([
        ...samples.map((sample) => answerAlone(place, frame, { ...sampleVoice(sample, frame.rules), sampling })),
        ...temperatures.map((temperature) => {
          const voice = { ...temperatureVoice(temperature, frame.rules), sampling: { ...sampling, temperature } };
          return answerAlone(place, frame, voice).catch(undefinedIfRefused);
        }),
      ]);
      const isBeside = (name: string) => /\.(sample|temperature)-[^.]*/.test(name);
      const charged = await charges.in(input, [iterationKeys.round(place)], isBeside);
      return { ...countCompletions(drawn.filter((each) => each !== undefined)), ...charged };
    });
  }

  /** The first-round prompt, asked outside the debate. */
  function answerAlone(
    place: Place,
    frame: TurnFrame,
    voice: Voice & { sampling: Sampling },
  ): Promise<StoredCompletion> {
    return respond(place, frame, voice, { messages: askedAlone(frame, voice.agent) });
  }

  /** All turns of the debate are stored before the calls beside it are made. */
  async function samplesAtTokensOf(place: Place, { rules }: TurnFrame): Promise<number | undefined> {
    const usages = async (round: number): Promise<Usage[]> => {
      const turns = memberNumbers(rules.members).map(async (member) => {
        const turn = { ...place, round, agent: voiceOf({ member, round }, rules).name };
        const response = await requireSealed<StoredCompletion>(
          store,
          iterationKeys.turn({ ...turn, part: 'response' }),
        );
        const summary = await readSealed<StoredCompletion>(store, iterationKeys.turn({ ...turn, part: 'summary' }));
        return usagesOf({ usage: response.usage, summary });
      });
      return (await Promise.all(turns)).flat();
    };
    const rounds = await Promise.all(memberNumbers(rules.rounds).map(usages));
    return samplesAtEqualTokens(rounds[0] ?? [], rounds.flat());
  }

  async function frameOf({ iteration, societyIteration, split, problemId, ...place }: Place): Promise<TurnFrame> {
    const run = runOf(place);
    const { specification } = (await loadedRuns.run(run)).record;
    return {
      society: await loadedRuns.society(run, societyIteration),
      question: (await loadedRuns.problem({ ...run, split, iteration }, problemId)).question,
      prompts: await loadedRuns.prompts({ ...run, split }),
      task: await loadedRuns.task({ ...run, split }),
      seed: specification.seed,
      rules: debateRules(specification, split),
      thinking: specification.method.thinking,
      endpoint: specification.model.endpoint,
      reuseTurnsOf: specification.execution.reuseTurnsOf ?? [],
    };
  }

  /** Responses of the previous round by member; that round is complete before this one starts. */
  async function previousRound(input: TurnInput, { rules, thinking }: TurnFrame): Promise<StoredCompletion[]> {
    if (input.round === 1) return [];
    const round = input.round - 1;
    const turns = memberNumbers(rules.members).map((member) => {
      const agent = voiceOf({ member, round }, rules).name;
      return requireSealed<StoredCompletion>(store, iterationKeys.turn({ ...input, round, agent, part: 'response' }));
    });
    const stored = await Promise.all(turns);
    return stored.map((turn) => ({ ...turn, response: saidIn(turn.response, thinking) }));
  }

  /** The untuned base model summarises the others' responses of the previous round (method.md, One debate). */
  async function summarise(
    input: TurnInput,
    frame: TurnFrame,
    before: StoredCompletion[],
  ): Promise<StoredCompletion | undefined> {
    const request = summaryRequest(frame, othersResponses(input, before));
    if (request === undefined) return undefined;
    const agent = voiceOf(input, frame.rules).name;
    const seed = samplingSeed({ kind: 'summary', seed: frame.seed, ...input, agent });
    const kept = completionPlace({ ...input, agent, part: 'summary' }, frame.reuseTurnsOf);
    return completeOnce({ ...dependencies, ...memory, endpoint: frame.endpoint, allowed: input.allowed }, kept, {
      ...request,
      seed,
    });
  }

  async function respond(
    place: Place,
    frame: TurnFrame,
    voice: Voice & { sampling: Sampling },
    { messages, remarks = {} }: { messages: ChatMessage[]; remarks?: CompletionPlace['remarks'] },
  ): Promise<StoredCompletion> {
    const { model, endpoint } = modelOf(frame.society, voice.agent);
    const request = {
      model,
      messages,
      sampling: voice.sampling,
      seed: samplingSeed({ kind: 'response', seed: frame.seed, ...place, agent: voice.name }),
    };
    const kept = completionPlace({ ...place, agent: voice.name, part: 'response' }, frame.reuseTurnsOf);
    const asking = { ...dependencies, ...memory, endpoint, allowed: place.allowed };
    return completeOnce(asking, { ...kept, remarks }, request);
  }

  return { takeTurn, drawVoteSamples };
}

/** If an endpoint refuses a temperature, the table lacks that row and the run goes on. */
function undefinedIfRefused(error: unknown): undefined {
  if (error instanceof ProviderError && refusalsOfRequest.has(error.status ?? 0)) return undefined;
  throw error;
}

const refusalsOfRequest = new Set([400, 422]);
