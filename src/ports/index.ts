/** What activities need from outside, as types. Adapters live in `src/providers` and `src/artifacts`. */
import type { ArtifactReference } from '../contract/run';
import type { Sampling } from '../contract/society';
import type { ChatMessage, CompletionEnd, Usage } from '../contract/transcript';

export type * from './ledger';
export type * from './trainer';

export interface ChatRequest {
  /** Immutable model name. */
  model: string;
  messages: ChatMessage[];
  sampling: Sampling;
  /** 31-bit sampling seed. */
  seed: number;
}

export interface ChatCompletion extends CompletionEnd {
  text: string;
  usage: Usage;
  /** The endpoint's own name of the model, if it is another name of the one asked for (a dated snapshot). */
  answeredBy?: string;
}

/** Chat completions of one configured endpoint. Throws `ProviderError`; never retries by itself. */
export interface Inference {
  complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion>;
  /** Names the endpoint serves. */
  models(signal: AbortSignal): Promise<string[]>;
}

export interface TokenizedText {
  tokens: number[];
  /** Most tokens the model reads; undefined if the server does not say. */
  limit: number | undefined;
}

/** What is tokenized: a chat by the model's template, or a plain text without special tokens. */
export type TextToTokenize =
  | {
      model: string;
      messages: ChatMessage[];
      /** Whether the template opens the assistant's turn. */ openTurn: boolean;
    }
  | { model: string; text: string };

/**
 * Reading texts instead of writing them, at one configured endpoint. Throws `ProviderError`, and
 * `UnsupportedByEndpoint` if the endpoint has no such route; never retries by itself.
 */
export interface Scoring {
  tokenize(text: TextToTokenize, signal: AbortSignal): Promise<TokenizedText>;
  /** Natural logarithm of each token's probability given all before it; `null` for the first. Texts in order. */
  logProbabilities(
    request: { model: string; texts: readonly (readonly number[])[] },
    signal: AbortSignal,
  ): Promise<(number | null)[][]>;
  /** One vector per text, in order; all of one length. */
  embed(request: { model: string; texts: readonly string[] }, signal: AbortSignal): Promise<number[][]>;
}

/** What a vLLM says of itself. */
export interface VllmFacts {
  /** The base model's name in requests. */
  name: string;
  /** The model it was started with; undefined if it does not say. Adapters must name it. */
  startedWith: string | undefined;
  version: string | undefined;
  /** Adapters that one batch may mix; undefined if it does not say. */
  maxLoras: number | undefined;
  /** Whether it is known to compute on a processor. */
  onProcessor: boolean;
}

/** Asks what serves at one configured endpoint. Throws `ProviderError`. */
export interface Serving {
  /** Undefined if the endpoint is no vLLM, or does not serve the model. */
  vllm(model: string, signal: AbortSignal): Promise<VllmFacts | undefined>;
}

export interface AnswerPair {
  a: string;
  b: string;
}

export interface Verdict {
  equal: boolean;
  /** Why a pair could not be decided, such as `time limit`. */
  reason?: string;
}

/** Decides whether two parsed answers of a task are the same; verdicts in the order of the pairs. */
export interface Grader {
  grade(pairs: AnswerPair[], signal?: AbortSignal): Promise<Verdict[]>;
}

/**
 * Write-once storage under keys like `runs/<runId>/run.json`. `publish` creates if absent and returns what is stored:
 * the caller's bytes, or those of an earlier caller. Throws `ArtifactError`, which carries the key.
 */
export interface ArtifactStore {
  /** The location of the store, or of a key's artifact whether or not it exists, for messages. Accesses nothing. */
  addressOf(key?: string): string;
  /** Whether anything is stored under the key; does not read it. */
  has(key: string): Promise<boolean>;
  read(key: string): Promise<Buffer | undefined>;
  /** Like `read`, but checks the digest; a missing or different artifact is an `ArtifactError`. */
  readVerified(reference: ArtifactReference): Promise<Buffer>;
  publish(
    key: string,
    bytes: Buffer | string,
  ): Promise<{ created: boolean; stored: Buffer; reference: ArtifactReference }>;
  /** Throws `ArtifactError` if `publish` could not store anything under the key now. Leaves nothing behind. */
  checkWritable(key: string): Promise<void>;
  /** Overwrites; only for mutable views that can be rebuilt (`report.html`). */
  writeView(key: string, bytes: Buffer | string): Promise<void>;
  /**
   * Appends a line to notes, which are not an artifact but record how one is made. They survive the process, but not a
   * power cut. Returns whether it is their first line.
   */
  append(key: string, line: string): Promise<boolean>;
  /** Removes notes; absent ones are no error. */
  remove(key: string): Promise<void>;
  list(prefix: string): Promise<string[]>;
}

/**
 * Folders of models and of work in progress on this host's disk, for adapters that give files to other programs;
 * activities do not use them. Throws `ArtifactError`.
 */
export interface LocalFolders {
  /** Publishes a finished folder by one rename; returns false if the target was there already. */
  publishDirectory(localDirectory: string, key: string): Promise<boolean>;
  has(key: string): Promise<boolean>;
  /** A path on this host for a stored file or folder. */
  localPath(key: string): Promise<string>;
  /** A folder on this host for work in progress, on the file system that `publishDirectory` renames from. */
  workDirectory(name: string): Promise<string>;
  /** Removes such a folder with all that is in it. */
  removeWork(name: string): Promise<void>;
}

/** The Temporal service, as far as activities ask it something. */
export interface Platform {
  /** Names of the search attributes registered in the namespace. */
  registeredSearchAttributes(): Promise<string[]>;
}
