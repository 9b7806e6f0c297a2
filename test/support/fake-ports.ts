/**
 * Test doubles of the ports, for tests of workflows and activities: a society that solves arithmetic with seeded slips,
 * and a trainer that writes a small folder. Deterministic: the same request gets the same answer.
 */
import { createHash } from 'node:crypto';
import type { ActivityDependencies } from '../../activities';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { type ProviderError } from '../../src/errors';
import type {
  ArtifactStore,
  ChatCompletion,
  ChatRequest,
  Inference,
  Scoring,
  TextToTokenize,
  TokenizedText,
  TrainedModel,
  Trainer,
  TrainingCheck,
  TrainingRequest,
} from '../../src/ports';
import { searchAttributes } from '../../src/contract/names';
import type { BaseOfAgent } from '../../src/domain/society';
import { modelName } from '../../src/domain/identifiers';
import { modelKey } from '../../src/domain/keys';
import { givenByUser, graderFor, taskFor } from '../../src/tasks';

export const fakeBaseModel = 'fake-base';

/** Answers `a+b*c+d-e*f=?`; about three in ten answers are off by one. Counts what it was asked. */
export class FakeInference implements Inference {
  readonly requests: ChatRequest[] = [];
  /** Names of the base models that this endpoint serves. */
  served = [fakeBaseModel];
  /** Throws where it returns an error, to play an endpoint in trouble. */
  trouble: (request: ChatRequest) => ProviderError | undefined = () => undefined;
  delayMs = 0;
  /** Says what a model answers instead, where it returns a text. */
  says: (request: ChatRequest) => string | undefined = () => undefined;

  async complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion> {
    if (this.delayMs > 0) await waitFor(this.delayMs, signal);
    const trouble = this.trouble(request);
    if (trouble !== undefined) throw trouble;
    this.requests.push(request);
    const text = this.says(request) ?? respond(request);
    return { text, finishReason: 'stop', usage: { promptTokens: 20, completionTokens: text.length } };
  }

  async models(): Promise<string[]> {
    return this.served;
  }
}

function respond(request: ChatRequest): string {
  const last = request.messages.at(-1)?.content ?? '';
  if (last.includes('{"steps":')) return respondWithObject(request, last);
  if (last.startsWith('List:')) return [...last.matchAll(/#(-?\d+)/g)].map(([, answer]) => answer).join(', ');
  const numbers = /(\d+)\+(\d+)\*(\d+)\+(\d+)-(\d+)\*(\d+)=\?/.exec(last);
  if (numbers === null) return 'I do not understand';
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers.slice(1).map(Number);
  const luck = createHash('sha256').update(JSON.stringify(request)).digest()[0] ?? 0;
  const slip = luck < 80 ? (luck % 2 === 0 ? 1 : -1) : 0;
  return `b*c=${b * c} e*f=${e * f} #${a + b * c + d - e * f + slip}`;
}

/** For prompts that ask for JSON objects: as `respond`, and one answer in ten is no object. */
function respondWithObject(request: ChatRequest, last: string): string {
  const question = /What is the result of ([\d+*-]+)\?/.exec(last)?.[1];
  if (question === undefined) return '{"steps": ["they differ"], "answer": "one or the other"}';
  const asked = { ...request, messages: [{ role: 'user' as const, content: `${question}=?` }] };
  const text = respond(asked);
  const isProse = request.seed % 10 === 0;
  return isProse ? `The answer is ${text}` : JSON.stringify({ steps: [text], answer: text.split('#')[1] });
}

type ScoringRoute = 'tokenize' | 'score' | 'embed';

/** A character is a token; a model finds a token likely or not by its own name, so that models differ. Counts what it read. */
export class FakeScoring implements Scoring {
  readonly read: { model: string; texts: number }[] = [];
  /** Throws where it returns an error. */
  trouble: (route: ScoringRoute, asked: unknown) => Error | undefined = () => undefined;

  async tokenize(text: TextToTokenize): Promise<TokenizedText> {
    this.refuse('tokenize', text);
    if ('text' in text) return { tokens: codesOf(text.text), limit: undefined };
    const turns = text.messages.map(({ role, content }) => `<${role}>${content}|`);
    return { tokens: codesOf(turns.join('') + (text.openTurn ? '<assistant>' : '')), limit: 4096 };
  }

  async logProbabilities({ model, texts }: { model: string; texts: readonly (readonly number[])[] }) {
    this.refuse('score', texts);
    this.read.push({ model, texts: texts.length });
    const ofToken = (token: number) => -0.1 - (createHash('sha256').update(`${model}/${token}`).digest()[0] ?? 0) / 256;
    return texts.map((tokens) => tokens.map((token, index) => (index === 0 ? null : ofToken(token))));
  }

  async embed({ model, texts }: { model: string; texts: readonly string[] }): Promise<number[][]> {
    this.refuse('embed', texts);
    this.read.push({ model, texts: texts.length });
    return texts.map((text) => [text.length, ...codesOf(text.slice(-3).padStart(3))]);
  }

  private refuse(route: ScoringRoute, asked: unknown): void {
    const trouble = this.trouble(route, asked);
    if (trouble !== undefined) throw trouble;
  }
}

function codesOf(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** Publishes one file whose content depends on the training set and the weights before alone; the base's endpoint serves it. */
export class FakeTrainer implements Trainer {
  readonly requests: TrainingRequest[] = [];
  /** What the trainer would refuse. */
  refusal: (check: TrainingCheck) => Error | undefined = () => undefined;

  constructor(private readonly store: ArtifactStore) {}

  async pin({ base }: BaseOfAgent): Promise<string> {
    return base;
  }

  async check(check: TrainingCheck): Promise<void> {
    const refusal = this.refusal(check);
    if (refusal !== undefined) throw refusal;
  }

  async placeProbe(_base: BaseOfAgent, rank: number): Promise<string> {
    return `probe.r${rank}`;
  }

  async train(request: TrainingRequest): Promise<TrainedModel> {
    this.requests.push(request);
    const { runId, iteration, agent, start, trainingSet, base } = request;
    const examples = await this.store.readVerified(trainingSet);
    const digest = createHash('sha256').update(examples).update(start).digest('hex');
    const model = modelName(runId, iteration, agent, digest);
    await this.store.publish(`${modelKey(model)}/weights.txt`, digest);
    const finished = {
      event: 'finished' as const,
      digest,
      steps: 1,
      tokens: 10,
      seconds: 0,
      peakGpuMemoryBytes: null,
      lossCurve: [{ step: 1, loss: 0.5 }],
      device: 'cpu',
      precision: 'float32',
      examples: 1,
      versions: {},
    };
    return { model, endpoint: base.endpoint, jobId: digest, finished };
  }

  async has(model: string): Promise<boolean> {
    return (await this.store.list(modelKey(model))).length > 0;
  }

  async release(): Promise<void> {}
}

export interface FakeWorld {
  dependencies: ActivityDependencies;
  inference: FakeInference;
  scoring: FakeScoring;
  trainer: FakeTrainer;
  store: FileArtifactStore;
}

export function fakeWorld(folder: string): FakeWorld {
  const inference = new FakeInference();
  const scoring = new FakeScoring();
  const store = new FileArtifactStore(folder);
  const trainer = new FakeTrainer(store);
  const dependencies: ActivityDependencies = {
    store,
    inference: () => inference,
    scoring: () => scoring,
    serving: () => ({ vllm: async () => undefined }),
    trainer: () => trainer,
    task: (settings) => taskFor(settings, { dataDirectory: folder, access: givenByUser }),
    grader: graderFor,
    platform: { registeredSearchAttributes: async () => Object.values(searchAttributes) },
    machine: {
      readsControlTokens: (endpoint) => endpoint !== 'embedded',
      prices: () => undefined,
      versions: { test: '1' },
      program: () => ({ rules: '1' }),
      mathVerify: () => 'Math-Verify 1',
    },
  };
  return { dependencies, inference, scoring, trainer, store };
}

function waitFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
