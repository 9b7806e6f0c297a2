/**
 * A user's own task: a CommonJS file that defines how problems are loaded, answers read and compared, and prompts
 * worded (docs/tasks.md). It runs in a separate process; the bytes that were digested are the bytes that run.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { TaskSettings } from './kinds/all';
import { answerRules, answerTypes, type AnswerRules } from '../domain/answers';
import { sha256 } from '../domain/digests';
import { ConfigError, DatasetError, TaskError } from '../errors';
import { templateProblems, type PromptTemplates } from '../prompts';
import { drawSplits } from './draw-splits';
import { freshFromPools } from './fresh-problems';
import { describeModule, ModuleProcess, type ModuleDescription, type ModuleProgram } from './module-process';
import { type ProblemPools, poolsOfRows } from './problem-pools';
import type { AnswerReader, LabelledProblem, Task, TaskContext } from './task';
import { namedModule, nothingAllowed } from './task-access';

export type ModuleSettings = Extract<TaskSettings, { kind: 'module' }>;

const rowSchema = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  question: z.string().trim().min(1),
  answer: z.union([z.string(), z.number()]).transform(String).nullish(),
  type: z.string().min(1).nullish(),
  level: z.number().nullish(),
});
type Row = z.infer<typeof rowSchema>;
const rowsSchema = z.union([
  z.array(rowSchema),
  z.strictObject({ train: z.array(rowSchema), test: z.array(rowSchema) }),
]);

type Function = (...given: never[]) => unknown;
const aFunction = z.custom<Function>((value) => typeof value === 'function', 'must be a function');

/** The exports of a module. */
const exportsSchema = z.strictObject({
  load: aFunction,
  /** Built-in rules that `parse` and `equal` fall back on, and whose prompts `prompts` falls back on. */
  answerType: z.enum(answerTypes).default('text'),
  parse: aFunction.optional(),
  equal: aFunction.optional(),
  prompts: z.record(z.string(), z.string()).default({}),
});

type ModuleExports = z.infer<typeof exportsSchema>;

/**
 * Throws `ConfigError` if this worker may not run the file, or if it does not load or has unsuitable exports; what it
 * loads and answers is checked at each call.
 */
export function userModule(settings: ModuleSettings, context: TaskContext): Task {
  const program = programOf(settings, context);
  const { file, source } = program;
  const description = describeModule(program);
  const exported = exportsOf(file, description);
  const digest = digestOfProgram(source, description.files);
  const module = { file, process: processOf(program, { digest, files: description.files }) };
  const load = () => loadRows(module, exported, settings, context);
  return {
    ...readerOf(module, exported),
    kind: 'module',
    promptTask: `jsonl-${exported.answerType}`,
    prompts: promptsOf(file, exported),
    digest,
    draw: async (request) => drawSplits(await load(), settings, request),
    fresh: async (request) => freshFromPools(await load(), 'module', request),
  };
}

interface LoadedModule {
  file: string;
  process: ModuleProcess;
}

/** Throws `ConfigError` if this worker may not run it. */
function programOf({ module, path }: ModuleSettings, context: TaskContext): ModuleProgram {
  if ((module === undefined) === (path === undefined)) throw new ConfigError('task: give either `module` or `path`');
  const { access = nothingAllowed, dataDirectory } = context;
  if (path === undefined) {
    const file = realFile(namedModule(module!, access), `taskModules.${module}`);
    return { file, source: readFileSync(file, 'utf8') };
  }
  // Symbolic links are followed first: it is the file itself that was allowed.
  const file = realFile(resolve(dataDirectory, path), 'task.path');
  let source: string | undefined;
  const read = () => (source ??= readFileSync(file, 'utf8'));
  if (access.mayLoad(file, read)) return { file, source: read() };
  throw new ConfigError(
    `task.path: ${file} is not a task module that this worker may run. Name it in the worker's config.yaml ` +
      `(taskModules: {my-task: ${file}}) and write module: my-task; or start the run by \`maft run\` on this machine`,
  );
}

function realFile(name: string, setting: string): string {
  try {
    return realpathSync(name);
  } catch (error) {
    throw new ConfigError(`${setting}: ${name} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The module's exports, with a stand-in for each function: the real ones are called in the module's own process. */
function exportsOf(file: string, { functions, values }: ModuleDescription): ModuleExports {
  const standIns = Object.fromEntries(functions.map((name) => [name, () => undefined]));
  const parsed = exportsSchema.safeParse({ ...values, ...standIns });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'module.exports'}: ${message}`);
  throw new ConfigError(`${file}: ${problems.join('; ')}`);
}

/** The file's digest if it requires no other file, else one of all of them. */
function digestOfProgram(source: string, files: ModuleDescription['files']): string {
  const others = Object.entries(files).sort(([left], [right]) => (left < right ? -1 : 1));
  return others.length === 0 ? sha256(source) : sha256(JSON.stringify([sha256(source), others]));
}

/** Processes by program, shared by all runs on this worker. */
const processes = new Map<string, ModuleProcess>();

function processOf(
  program: ModuleProgram,
  { digest, files }: { digest: string; files: ModuleDescription['files'] },
): ModuleProcess {
  const key = JSON.stringify([program.file, digest]);
  const known = processes.get(key) ?? new ModuleProcess(program, files);
  processes.set(key, known);
  return known;
}

function readerOf({ file, process: child }: LoadedModule, { answerType, parse, equal }: ModuleExports): AnswerReader {
  const rules: AnswerRules = answerRules[answerType];
  const ownParse = async (response: string): Promise<string | null> => {
    const answer = await child.call('parse', response);
    if (answer === null || typeof answer === 'string') return answer;
    throw new TaskError(`${file}: parse returned ${typeof answer} instead of a string or null`);
  };
  const ownEqual = async (a: string, b: string) => Boolean(await child.call('equal', a, b));
  return {
    answerType,
    parse: parse === undefined ? rules.parse : ownParse,
    // Either direction: a vote must not depend on the order of the answers.
    equal:
      equal === undefined ? rules.equal : async (a, b) => a === b || (await ownEqual(a, b)) || (await ownEqual(b, a)),
  };
}

function promptsOf(file: string, { prompts }: ModuleExports): Partial<PromptTemplates> {
  const [problem] = templateProblems(prompts);
  if (problem === undefined) return prompts;
  throw new ConfigError(`${file}: prompts.${problem}`);
}

async function loadRows(
  module: LoadedModule,
  exported: ModuleExports,
  { options }: ModuleSettings,
  { dataDirectory }: TaskContext,
): Promise<ProblemPools> {
  const { file } = module;
  const loaded = await module.process.call('load', { dataDirectory, options }).catch((error: unknown) => {
    const [, reason] = /: load (?:threw: )?([\s\S]*)$/.exec((error as Error).message) ?? [];
    throw new DatasetError(`load failed: ${reason ?? (error as Error).message}`, file);
  });
  const parsed = rowsSchema.safeParse(loaded);
  if (!parsed.success)
    throw new DatasetError(`load returned rows that are not valid: ${firstProblem(parsed.error)}`, file);
  const { parse } = readerOf(module, exported);
  const labelled = (rows: Row[]) => Promise.all(rows.map((row) => problemOf(file, row, parse)));
  const rows = parsed.data;
  return Array.isArray(rows)
    ? poolsOfRows(file, await labelled(rows))
    : poolsOfRows(file, await labelled(rows.test), await labelled(rows.train));
}

async function problemOf(file: string, row: Row, parse: AnswerReader['parse']): Promise<LabelledProblem> {
  const { id, question, answer, type, level } = row;
  const reference = answer === null || answer === undefined ? undefined : await parse(answer);
  if (reference === null) {
    throw new DatasetError(`problem ${JSON.stringify(id)}: parse makes no answer of ${JSON.stringify(answer)}`, file);
  }
  return {
    id,
    question,
    ...(reference === undefined ? {} : { answer: reference }),
    ...(type && { type }),
    ...(typeof level === 'number' && { level }),
  };
}

/** The most deeply nested of a union's problems. */
function firstProblem(error: z.ZodError): string {
  const issues = error.issues.flatMap((issue) => (issue.code === 'invalid_union' ? issue.errors.flat() : [issue]));
  const [first] = issues.sort((left, right) => right.path.length - left.path.length);
  return first === undefined ? error.message : `${first.path.join('.') || 'the result'}: ${first.message}`;
}
