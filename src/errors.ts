/**
 * The one error tree. Each class says when it is raised, whether the same call may later succeed (`retryable`), and what
 * the reader does. `activities/failures.ts` turns them into Temporal's failures, once, at registration.
 */
import type { Usage } from './contract/transcript';

export abstract class MaftError extends Error {
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean = false;
  /** How long the other side asked to wait before the next try, if it did. */
  readonly retryAfterMs: number | undefined = undefined;

  override get name(): string {
    return this.constructor.name;
  }
}

/** The run specification is invalid: unknown field, wrong type, value out of range, impossible method. Its author edits it. */
export class InvalidRunSpec extends MaftError {
  constructor(
    /** One sentence per problem: field, value, what is allowed. */
    readonly problems: string[],
  ) {
    super(atMost(20, problems).join('\n'));
  }
}

/** The first lines, and how many more there are: hundreds say no more than twenty. */
function atMost(most: number, lines: string[]): string[] {
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), `… and ${lines.length - most + 1} more problems`];
}

/** This machine's configuration is wrong: settings, keys, missing programs, ports. The operator fixes it, then work goes on. */
export class ConfigError extends MaftError {}

/**
 * A user's own task module fails on its input: it throws, or returns something other than an answer. This is the same on
 * every machine; its author fixes it.
 */
export class TaskError extends ConfigError {}

/** A data file does not parse or does not hold what was asked for. Carries file and line. */
export class DatasetError extends MaftError {
  constructor(
    message: string,
    readonly file: string,
    readonly line?: number,
  ) {
    super(line === undefined ? `${file}: ${message}` : `${file}:${line}: ${message}`);
  }
}

interface ProviderErrorOptions {
  status?: number | undefined;
  retryable: boolean;
  unreachable?: boolean;
  isOutage?: boolean;
  isOfRequest?: boolean;
  retryAfterMs?: number | undefined;
  charged?: Usage | undefined;
  cause?: unknown;
}

/** The ledger does not let a paid action through: a limit is reached. The run pauses with the reason; people raise the limit. */
export class PaymentRefused extends MaftError {}

/**
 * A call has been charged for, or may have been, as often as the run's limits were held for it. The workflow holds for one more
 * and asks again, or pauses the run.
 */
export class AllowanceSpent extends MaftError {}

/** A model endpoint refused, failed, or answered nonsense. The status decides whether a retry may help. */
export class ProviderError extends MaftError {
  override readonly retryable: boolean;
  override readonly retryAfterMs: number | undefined;
  /** HTTP status; undefined if no answer came. */
  readonly status: number | undefined;
  /** No answer came at all: connection refused, broken off, timed out. */
  readonly unreachable: boolean;
  /** Every request fails, whatever its status, until people fix the cause: a redirect, another model's answer. */
  readonly isOutage: boolean;
  /** This request fails while others to the same model are answered. */
  readonly isOfRequest: boolean;
  /** What the request may be charged for although it failed; undefined if it was refused or never arrived. */
  readonly charged: Usage | undefined;

  constructor(message: string, options: ProviderErrorOptions) {
    super(message, { cause: options.cause });
    this.status = options.status;
    this.unreachable = options.unreachable ?? false;
    this.isOutage = options.isOutage ?? false;
    this.isOfRequest = options.isOfRequest ?? false;
    this.charged = options.charged;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * A model endpoint lacks a route that scoring needs (hosts that only chat). The measures that need it are not measurable;
 * the reader names another endpoint in `evaluation.scorer` or `evaluation.embedding`.
 */
export class UnsupportedByEndpoint extends MaftError {}

/** The trainer exited without a result. Its exit code decides whether a retry may help; carries the last lines of stderr. */
export class TrainerError extends MaftError {
  override readonly retryable: boolean;
  readonly exitCode: number | null;
  readonly stderrTail: string;

  constructor(message: string, options: { exitCode: number | null; stderrTail: string; retryable: boolean }) {
    super(message);
    this.exitCode = options.exitCode;
    this.stderrTail = options.stderrTail;
    this.retryable = options.retryable;
  }
}

/** An artifact is missing, corrupt (digest mismatch), made by another request, or cannot be stored. Carries the key. */
export class ArtifactError extends MaftError {
  override readonly retryable: boolean;
  /** Nothing is stored under the key, as opposed to an unusable file. */
  readonly isMissing: boolean;
  /** The file system denies access to this user on this machine. */
  readonly isRefused: boolean;

  constructor(
    message: string,
    readonly key: string,
    options: { retryable?: boolean; isMissing?: boolean; isRefused?: boolean; cause?: unknown } = {},
  ) {
    super(`${key}: ${message}`, { cause: options.cause });
    this.retryable = options.retryable ?? false;
    this.isMissing = options.isMissing ?? false;
    this.isRefused = options.isRefused ?? false;
  }
}
