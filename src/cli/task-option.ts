/** The options that name a task for reading and comparing answers without a run: `--task`, `--answer-type`. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { loadConfig } from '../machine/config';
import { answerTypes, type AnswerType } from '../domain/answers';
import { InvalidRunSpec } from '../errors';
import type { Grader } from '../ports';
import { stderrListener } from '../machine/setup/progress';
import { ensurePythonEnvironment } from '../machine/setup/python-environment';
import { suggestion } from '../specification/nearest';
import { graderFor, type AnswerReader } from '../tasks';
import { taskKinds, type TaskKind } from '../tasks/kinds/all';
import { mathVerifyGrader } from '../wiring';

export interface TaskOptions {
  /** A kind, or the file of a user's own task. */
  task: string;
  answerType?: AnswerType;
}

/** The part of a specification's `task` that defines how answers are read; its problems do not matter here. */
export type TaskChoice = { kind: TaskKind; path?: string; answerType?: string };

/** Adds the options to a command. */
export function withTaskOptions(command: Command): Command {
  return command
    .requiredOption(
      '--task <kind|file>',
      'the task, or the file of your own, which decides when answers are equal',
      taskName,
    )
    .addOption(new Option('--answer-type <type>', 'with --task jsonl: what the answers are').choices(answerTypes));
}

/** Parses `--task`; commander turns the error into a usage message. */
function taskName(text: string): string {
  if (isModule(text) || taskKinds.some((kind) => kind === text)) return text;
  throw new InvalidArgumentError(
    `must be one of ${taskKinds.join(', ')}, or a file of your own (.js, .cjs)${suggestion(text, taskKinds)}`,
  );
}

function isModule(text: string): boolean {
  return /\.c?js$/.test(text);
}

/** `gsm8k`, `own.cjs` or `{"kind": …}`; the object's content is checked with the rest of the specification. */
export function taskSettings(text: string): object {
  if (text.trimStart().startsWith('{')) return jsonObject(text);
  if (isModule(text)) return { kind: 'module', path: text };
  if (taskKinds.some((kind) => kind === text)) return { kind: text };
  throw new InvalidArgumentError(
    `must be one of ${taskKinds.join(', ')}, a file of your own (.js, .cjs), or a JSON object${suggestion(text, taskKinds)}`,
  );
}

function jsonObject(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (error) {
    throw new InvalidRunSpec([`--task: is not JSON: ${(error as Error).message}`]);
  }
}

/** Throws `InvalidRunSpec` if the options do not define how answers are compared. */
export function taskChoice({ task, answerType }: TaskOptions): TaskChoice {
  if (isModule(task)) return { kind: 'module', path: task };
  if (task === 'module') {
    throw new InvalidRunSpec(['--task: give the file of your own task (.js, .cjs) instead of "module"']);
  }
  if (task !== 'jsonl') return { kind: task as TaskKind };
  if (answerType !== undefined) return { kind: 'jsonl', path: 'unread.jsonl', answerType };
  throw new InvalidRunSpec([`--answer-type: missing; --task jsonl needs one of ${answerTypes.join(', ')}`]);
}

export interface ClosableGrader extends Grader {
  /** Ends the processes that compare, if any. */
  close(): Promise<void>;
}

/** A grader that is opened by the first pair it is asked about. */
export function lazyGrader(reader: AnswerReader): ClosableGrader {
  let opened: Promise<ClosableGrader> | undefined;
  return {
    async grade(pairs, signal) {
      if (pairs.length === 0) return [];
      opened ??= openGrader(reader);
      return (await opened).grade(pairs, signal);
    },
    close: async () => (await opened)?.close(),
  };
}

/** The grader of answers: in this process, or in those of Math-Verify, for which Python is set up if missing. */
async function openGrader(reader: AnswerReader): Promise<ClosableGrader> {
  if (reader.equal !== undefined) return { ...graderFor(reader), close: () => Promise.resolve() };
  const config = loadConfig();
  const python = await ensurePythonEnvironment({ listener: stderrListener(), ownPython: config.python });
  const grader = mathVerifyGrader(config, python.program);
  return { grade: (pairs, signal) => grader.grade(pairs, signal), close: () => grader.close() };
}
