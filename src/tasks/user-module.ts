/**
 * A user's own task: one CommonJS file below MAFT_DATA that says how problems are loaded, answers read and compared, and
 * prompts worded (docs/tasks.md). The bytes that were digested are the bytes that run.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { compileFunction } from 'node:vm';
import { z } from 'zod';
import type { TaskSettings } from '../contract/task-settings';
import { answerRules, answerTypes, type AnswerRules } from '../domain/answers';
import { sha256 } from '../domain/digests';
import { ConfigError, DatasetError, TaskError } from '../errors';
import { promptTaskOf, templateProblems, type PromptTemplates } from '../prompts';
import { dataPath } from './data-files';
import { drawSplits } from './draw-splits';
import { namedModule } from './module-access';
import type { ProblemPools } from './problem-pools';
import { poolsOfRows } from './problem-pools';
import type { AnswerReader, LabelledProblem, Task, TaskContext } from './task';

export type ModuleSettings = Extract<TaskSettings, { kind: 'module' }>;

const rowSchema = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  question: z.string().trim().min(1),
  answer: z.union([z.string(), z.number()]).transform(String).nullish(),
  type: z.string().min(1).nullish(),
  level: z.number().nullish(),
});
const rowsSchema = z.union([
  z.array(rowSchema),
  z.strictObject({ train: z.array(rowSchema), test: z.array(rowSchema) }),
]);

type Function = (...given: never[]) => unknown;
const aFunction = z.custom<Function>((value) => typeof value === 'function', 'must be a function');

/** What a module exports. */
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
 * Throws `ConfigError` where the file is not below MAFT_DATA, does not load, or exports something else than it should;
 * what it loads and answers is checked at each call.
 */
export function userModule(settings: ModuleSettings, context: TaskContext): Task {
  const { file, source } = programOf(settings, context);
  const exported = exportsOf(file, source);
  return {
    ...readerOf(file, exported),
    kind: 'module',
    promptTask: promptTaskOf({ kind: 'jsonl', answerType: exported.answerType }),
    prompts: promptsOf(file, exported),
    digest: sha256(source),
    draw: async (request) => drawSplits(await loadRows(file, exported, settings, context), settings, request),
  };
}

/** Throws `ConfigError` where this worker may not run it. */
function programOf({ module, path }: ModuleSettings, context: TaskContext): { file: string; source: string } {
  if ((module === undefined) === (path === undefined)) throw new ConfigError('task: give either `module` or `path`');
  const modules = context.modules ?? { named: {}, mayLoad: () => false };
  if (path === undefined) {
    const file = realFile(namedModule(module!, modules), `taskModules.${module}`);
    return { file, source: readFileSync(file, 'utf8') };
  }
  const file = fileInside(path, context);
  const source = readFileSync(file, 'utf8');
  if (modules.mayLoad(file, source)) return { file, source };
  throw new ConfigError(
    `task.path: ${file} is no task module that this worker may run. Name it in the worker's config.yaml ` +
      `(taskModules: {my-task: ${file}}) and write module: my-task; or start the run by \`maft run\` on this machine`,
  );
}

/** Symbolic links are followed first: the file itself has to lie in the data folder. */
function fileInside(path: string, context: TaskContext): string {
  const [folder, file] = [realFile(context.dataDirectory, 'MAFT_DATA'), realFile(dataPath(path, context), 'task.path')];
  if (file.startsWith(`${folder}${sep}`)) return file;
  throw new ConfigError(
    `task.path: ${file} is not below MAFT_DATA (${folder}), the only folder programs are loaded from`,
  );
}

function realFile(name: string, setting: string): string {
  try {
    return realpathSync(name);
  } catch (error) {
    throw new ConfigError(`${setting}: ${name} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function exportsOf(file: string, source: string): ModuleExports {
  const module = { exports: {} as unknown };
  try {
    const run = compileFunction(source, ['module', 'exports', 'require', '__filename', '__dirname'], {
      filename: file,
    });
    run(module, module.exports, createRequire(file), file, dirname(file));
  } catch (error) {
    const { message } = error as Error;
    const hint = /\b(import|export)\b/.test(message) ? ' (it must be CommonJS: module.exports = { … })' : '';
    throw new ConfigError(`${file}: does not load: ${message}${hint}`);
  }
  const parsed = exportsSchema.safeParse(module.exports);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'module.exports'}: ${message}`);
  throw new ConfigError(`${file}: ${problems.join('; ')}`);
}

function readerOf(file: string, { answerType, parse, equal }: ModuleExports): AnswerReader {
  const rules: AnswerRules = answerRules[answerType];
  const ownParse = (response: string): string | null => {
    const answer = called(file, 'parse', parse!, response);
    if (answer === null || typeof answer === 'string') return answer;
    throw new TaskError(`${file}: parse returned ${typeof answer} instead of a string or null`);
  };
  const ownEqual = (a: string, b: string) => Boolean(called(file, 'equal', equal!, a, b));
  return {
    answerType,
    parse: parse === undefined ? rules.parse : ownParse,
    // Either direction: a vote must not depend on the order of the answers.
    equal: equal === undefined ? rules.equal : (a, b) => a === b || ownEqual(a, b) || ownEqual(b, a),
  };
}

function called(file: string, name: string, call: Function, ...given: unknown[]): unknown {
  try {
    return call(...(given as never[]));
  } catch (error) {
    throw new TaskError(`${file}: ${name} threw: ${(error as Error).message}`);
  }
}

function promptsOf(file: string, { prompts }: ModuleExports): Partial<PromptTemplates> {
  const [problem] = templateProblems(prompts);
  if (problem === undefined) return prompts;
  throw new ConfigError(`${file}: prompts.${problem}`);
}

async function loadRows(
  file: string,
  exported: ModuleExports,
  { options }: ModuleSettings,
  { dataDirectory }: TaskContext,
): Promise<ProblemPools> {
  const request = { dataDirectory, resolve: (path: string) => join(dataDirectory, path), options };
  const loaded = await Promise.resolve(called(file, 'load', exported.load, request)).catch((error: unknown) => {
    throw new DatasetError(`load failed: ${(error as Error).message}`, file);
  });
  const parsed = rowsSchema.safeParse(loaded);
  if (!parsed.success) throw new DatasetError(`load returned rows that are none: ${firstProblem(parsed.error)}`, file);
  const { parse } = readerOf(file, exported);
  const labelled = (rows: z.infer<typeof rowSchema>[]) => rows.map((row) => problemOf(file, row, parse));
  const rows = parsed.data;
  return Array.isArray(rows)
    ? poolsOfRows(file, labelled(rows))
    : poolsOfRows(file, labelled(rows.test), labelled(rows.train));
}

function problemOf(file: string, row: z.infer<typeof rowSchema>, parse: AnswerReader['parse']): LabelledProblem {
  const { id, question, answer, type, level } = row;
  const reference = answer === null || answer === undefined ? undefined : parse(answer);
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

/** The deepest of what a union complains about. */
function firstProblem(error: z.ZodError): string {
  const issues = error.issues.flatMap((issue) => (issue.code === 'invalid_union' ? issue.errors.flat() : [issue]));
  const [first] = issues.sort((left, right) => right.path.length - left.path.length);
  return first === undefined ? error.message : `${first.path.join('.') || 'the result'}: ${first.message}`;
}
