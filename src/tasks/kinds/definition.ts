/**
 * What a task's file says: its settings, how its answers are read, how it is asked, and where its problems come from. No
 * I/O here: files are read, and problems drawn from them, by the room above.
 */
import { z } from 'zod';
import type { AnswerType } from '../../domain/answers';
import type { PromptTemplates } from '../../prompts/templates';
import type { DataFile, Layout } from '../data-files';
import type { DrawnProblems, DrawRequest, FreshProblems, FreshRequest, LabelledProblem } from '../task';

/** Its texts in each prompt set; a set without them cannot ask the task. */
export interface TaskPrompts {
  paper: PromptTemplates;
  json: PromptTemplates;
  compact?: PromptTemplates;
}

export interface PublicFile {
  url: string;
  /** SHA-256 (hex) of what the address gives. */
  sha256: string;
  bytes: number;
  /** Below the task's folder; of an archive (`.tar`) the content goes there, without its outermost folder. */
  name: string;
}

/** Where a public data set is published, under which licence, and the digests of the files as they are. */
export interface Published {
  title: string;
  licence: string;
  homepage: string;
  /** The folder below MAFT_DATA of specifications that name none. */
  folder: string;
  /** What to know before trying the addresses. */
  notice?: string;
  files: readonly PublicFile[];
}

/** Where a row stands, and what its task may do with it. */
export interface Place<Settings> {
  settings: Settings;
  file: DataFile;
  /** 1-based. */
  line: number;
  /** `gsm8k-train`: what ids of the file's problems begin with. */
  idPrefix: string;
  /** `gsm8k-train-000017`: the id of the problem on this line. */
  id: string;
  /** Reads a reference answer as the task reads an answer; `null` if none parses. */
  parse(text: string): string | null;
  /** Whether `task.subjects` has the subject, or is absent; the subjects of all rows are what an unknown one is told. */
  admits(subject: string | null | undefined): boolean;
  /** Raises a `DatasetError` at this row. */
  refuse(problem: string): never;
}

/** One row as loaded: a problem, or the filter that leaves it out. */
export type LoadedRow = LabelledProblem | { leftOut: string };

type SettingsSchema = z.ZodObject<{ kind: z.ZodLiteral<string> }>;

/** One kind of answer, or prompts for each that `answerType` of the specification may name. */
type Answers =
  | { answers: AnswerType; prompts: TaskPrompts }
  | { answers?: undefined; prompts: Readonly<Record<AnswerType, TaskPrompts>> };

/** Problems made from the seed. */
type Generated<Schema extends SettingsSchema> = Answers & {
  settings: Schema;
  /** For `maft data`: one line. */
  about: string;
  draw(settings: z.output<Schema>, request: DrawRequest): DrawnProblems;
  /** Further problems for a line, beside those taken. */
  fresh(settings: z.output<Schema>, request: FreshRequest): Pick<FreshProblems, 'problems'>;
  /** A typed question in the form of the task's problems; absent: they are typed as they are asked. */
  typedQuestion?(text: string): string;
};

/** Problems in files. */
type FromFiles<Schema extends SettingsSchema, Row> = Answers & {
  settings: Schema;
  /** For `maft data`, if the data are not published. */
  about?: string;
  published?: Published;
  /** Settings with which `maft data` covers the whole data set, not only what a run would draw by default. */
  wholeSet?: Partial<z.output<Schema>>;
  layout: Omit<Layout, 'kind'>;
  /** A row of a JSON file or of JSON lines. */
  row: z.ZodType<Row>;
  /** A record of a CSV file; undefined for its header. */
  csvRow?(fields: string[], place: Place<z.output<Schema>>): Row | undefined;
  problem(row: Row, place: Place<z.output<Schema>>): LoadedRow;
};

export type GeneratedTask<Schema extends SettingsSchema = SettingsSchema> = Generated<Schema> & {
  source: 'generated';
  kind: string;
};

export type FileTask<Schema extends SettingsSchema = SettingsSchema, Row = unknown> = FromFiles<Schema, Row> & {
  source: 'files';
  kind: string;
};

export function generatedTask<Schema extends SettingsSchema>(task: Generated<Schema>): GeneratedTask<Schema> {
  return { ...task, source: 'generated', kind: task.settings.shape.kind.value };
}

export function fileTask<Schema extends SettingsSchema, Row>(task: FromFiles<Schema, Row>): FileTask<Schema, Row> {
  return { ...task, source: 'files', kind: task.settings.shape.kind.value };
}

const problemCount = z.int().min(1).max(1_000_000);

export const problemCounts = {
  train: problemCount.default(500),
  eval: problemCount.default(500),
  problems: z.enum(['fixed', 'fresh']).default('fixed').describe('fresh: other training problems in each iteration'),
};

/** For data sets whose published folder says which problems are for training and which for testing. */
export const publishedSplits = {
  splits: z
    .enum(['published', 'test'])
    .default('published')
    .describe(
      'published: training from the train files, evaluation from the test files; test: both from the test files',
    ),
  ...problemCounts,
};

export const dataPath = z
  .string()
  .min(1)
  .describe(
    'a folder, a file, or files by a pattern of their names (`logs/2026-*.jsonl`); relative to the specification’s file, or to MAFT_DATA of the worker',
  );

export const namesOf = (what: string) =>
  z.array(z.string().min(1)).min(1).optional().describe(`${what} to draw from; all by default`);
