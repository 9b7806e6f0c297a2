/** The turns of one shard as they are stored: read back as debates and votes when the shard is closed. */
import { missingArtifact } from '../src/artifacts/damage';
import { readSealed } from '../src/artifacts/sealed';
import type { Problem } from '../src/contract/problem';
import type { ShardInput } from '../src/contract/run';
import type {
  CompletionEnd,
  Consensus,
  DebateRound,
  HintedResponse,
  Transcript,
  Turn,
  Usage,
} from '../src/contract/transcript';
import { saidIn } from '../src/domain/answers';
import { usagesOf } from '../src/domain/counts';
import { debateRules, sampleVoice, voiceOf, type DebateRules, type Voice } from '../src/domain/debate-rules';
import { samplesAtEqualTokens, temperatureVoice } from '../src/domain/further-answers';
import { memberNumbers } from '../src/domain/identifiers';
import { iterationKeys, type RoundPlace, type TurnPlace } from '../src/domain/keys';
import { ArtifactError } from '../src/errors';
import type { ArtifactStore } from '../src/ports';
import type { Task } from '../src/tasks/task';
import type { StoredCompletion } from '../src/contract/completion';
import { runOf, type LoadedRuns } from './loaded-runs';

/** One line of a votes file: what was asked beside the debate of one problem. */
export interface VoteRecord {
  problemId: string;
  /** Of a vote over k, in sample order. */
  samples: { sample: number; answer: string | null; usage: Usage }[];
  /** How many of them the vote at equal tokens uses; absent without such a vote, or if tokens are unknown. */
  atEqualTokens?: number;
  /** Single answers at other temperatures; one that the endpoint refused is left out. */
  single?: { temperature: number; answer: string | null; usage: Usage }[];
}

/** What is needed to read any turn of a shard. */
interface Reading {
  shard: ShardInput;
  rules: DebateRules;
  task: Task;
  thinking: Parameters<typeof saidIn>[1];
}

export class StoredTurns {
  /** Each file is read once, although debates, votes and costs all consist of them. */
  private readonly read = new Map<string, Promise<StoredCompletion | undefined>>();

  private constructor(
    private readonly store: ArtifactStore,
    private readonly reading: Reading,
  ) {}

  static async of(store: ArtifactStore, loadedRuns: LoadedRuns, shard: ShardInput): Promise<StoredTurns> {
    const { specification } = (await loadedRuns.run(shard.plan)).record;
    const task = await loadedRuns.task({ ...runOf(shard.plan), split: shard.split });
    const rules = debateRules(specification, shard.split);
    return new StoredTurns(store, { shard, rules, task, thinking: specification.method.thinking });
  }

  /** The completion under a key, if it is stored. */
  completion(key: string): Promise<StoredCompletion | undefined> {
    const known = this.read.get(key) ?? readSealed<StoredCompletion>(this.store, key);
    this.read.set(key, known);
    return known;
  }

  /** All turns of one problem; of a failed one, those that were stored. */
  async readDebate({ id: problemId, question }: Problem, failure: string | undefined): Promise<Transcript> {
    const { shard, rules } = this.reading;
    const read = await Promise.all(memberNumbers(shard.rounds).map((round) => this.readRound({ problemId, round })));
    const incomplete = read.some((turns) => turns.length < rules.members);
    if (incomplete && failure === undefined) {
      throw new ArtifactError(
        'some of its turns were debated and are lost. Restore the files, or start the run again: lost turns are asked again',
        `${shard.plan.runId}, problem ${problemId}`,
      );
    }
    const consensus: Consensus = failure === undefined ? { kind: 'none' } : { kind: 'failed', reason: failure };
    const rounds = read.map((turns, index): DebateRound => ({
      round: index + 1,
      turns,
    }));
    const kept = rounds.filter(({ turns }) => turns.length > 0);
    const { iteration, split } = shard;
    return { problemId, iteration, split, question, rounds: kept, consensus };
  }

  private async readRound(place: { problemId: string; round: number }) {
    const turns = memberNumbers(this.reading.rules.members).map((member) => this.readTurn({ ...place, member }));
    return (await Promise.all(turns)).filter((turn) => turn !== undefined);
  }

  private async readTurn(place: { problemId: string; member: number; round: number }): Promise<Turn | undefined> {
    const { shard, rules, task } = this.reading;
    const { problemId, member, round } = place;
    const { name, agent } = voiceOf(place, rules);
    const part = (part: TurnPlace['part']) => this.completion(this.keyOf({ problemId, round, agent: name, part }));
    const stored = await part('response');
    if (stored === undefined) return undefined;
    const { messages, usage, model } = stored;
    const response = this.said(stored);
    const summed = await part('summary');
    const summary = summed && { messages: summed.messages, response: this.said(summed), usage: summed.usage };
    const hinted = shard.plan.hints === true && shard.split === 'train' ? await part('hinted') : undefined;
    return {
      member,
      agent,
      model,
      ...(summary === undefined ? {} : { summary }),
      messages,
      response,
      answer: await task.parse(response),
      ...endOf(stored),
      usage,
      ...(hinted === undefined ? {} : { hinted: await this.hintedResponse(hinted) }),
    };
  }

  private async hintedResponse(stored: StoredCompletion): Promise<HintedResponse> {
    const { messages, usage } = stored;
    const response = this.said(stored);
    return { messages, response, answer: await this.reading.task.parse(response), ...endOf(stored), usage };
  }

  private async requireCompletion(key: string): Promise<StoredCompletion> {
    const found = await this.completion(key);
    if (found === undefined) throw missingArtifact(key);
    return found;
  }

  /** What was asked beside one debate. */
  async readVote({ problemId, rounds }: Transcript): Promise<VoteRecord> {
    const { shard, rules } = this.reading;
    const { atEqualTokens = false, temperatures = [] } = shard.furtherAnswers ?? {};
    const usages = rounds.map(({ turns }) => turns.flatMap(usagesOf));
    const atTokens = atEqualTokens ? samplesAtEqualTokens(usages[0] ?? [], usages.flat()) : undefined;
    const keyOf = ({ name }: Voice) => this.keyOf({ problemId, round: 1, agent: name, part: 'response' });
    const drawn = await Promise.all(
      memberNumbers(Math.max(shard.voteSamples, atTokens ?? 0)).map((sample) =>
        this.requireCompletion(keyOf(sampleVoice(sample, rules))),
      ),
    );
    const asked = temperatures.map(async (temperature) => {
      const stored = await this.completion(keyOf(temperatureVoice(temperature, rules)));
      return stored === undefined ? [] : [{ temperature, stored }];
    });
    const single = (await Promise.all(asked)).flat();
    const samples = drawn.map(async (stored, index) => ({ sample: index + 1, ...(await this.answerOf(stored)) }));
    const atTemperatures = single.map(async ({ temperature, stored }) => ({
      temperature,
      ...(await this.answerOf(stored)),
    }));
    return {
      problemId,
      samples: await Promise.all(samples),
      ...(atTokens === undefined ? {} : { atEqualTokens: atTokens }),
      ...(single.length === 0 ? {} : { single: await Promise.all(atTemperatures) }),
    };
  }

  private async answerOf(stored: StoredCompletion): Promise<{ answer: string | null; usage: Usage }> {
    return { answer: await this.reading.task.parse(this.said(stored)), usage: stored.usage };
  }

  private keyOf({ agent, part, ...round }: { problemId: string; round: number } & Pick<TurnPlace, 'agent' | 'part'>) {
    return iterationKeys.turn({ ...this.placeOf(round), agent, part });
  }

  private placeOf(round: { problemId: string; round: number }): RoundPlace {
    const { plan, iteration, split } = this.reading.shard;
    return { runId: plan.runId, iteration, split, ...round };
  }

  /** The stored completion keeps what the model thought aloud; the transcript holds what it said. */
  private said({ response }: StoredCompletion): string {
    return saidIn(response, this.reading.thinking);
  }
}

function endOf({ finishReason, reportedReason }: StoredCompletion): CompletionEnd {
  return { finishReason, ...(reportedReason === undefined ? {} : { reportedReason }) };
}
