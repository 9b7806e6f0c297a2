/** The problems in a data set's files: one pool to train from, one to evaluate on, permanently apart. */
import type { DataSource } from '../contract/problem';
import { sha256 } from '../domain/digests';
import { DatasetError } from '../errors';
import {
  commonPath,
  digestOfFiles,
  findDataFiles,
  type DataFile,
  type Layout,
  type PublishedSplit,
} from './data-files';
import type { TaskSettings } from './kinds/all';
import type { LoadedRow } from './kinds/definition';
import { normalisedText } from '../domain/normalised-text';
import type { LabelledProblem, TaskContext } from './task';

export interface ProblemPools {
  /** Without duplicates, by normalised question. */
  train: LabelledProblem[];
  eval: LabelledProblem[];
  /** Whether both pools are the same one; then the draw keeps the splits apart. */
  shared: boolean;
  sources: DataSource[];
  /** Rows whose question came before in the same pool. */
  duplicates: number;
  /** Training rows whose question is also among the evaluation files' questions. */
  inBoth: number;
  /** Problems that the task's filters left out, by why (`level 4 or 5`). */
  leftOut: Record<string, number>;
}

export interface PoolsRequest {
  settings: Extract<TaskSettings, { splits: string }>;
  layout: Layout;
  context: TaskContext;
  /** Reads one file; ids start with the prefix. Throws `DatasetError` with file and line. */
  read(file: DataFile, idPrefix: string): AsyncIterable<LoadedRow>;
}

type Rows = Pick<ProblemPools, 'leftOut'> & { problems: LabelledProblem[]; source: Omit<DataSource, 'split'> };

/**
 * Reads the files that a specification names. If train and test files are published, training problems come from the
 * first and evaluation problems from the second; otherwise, and with `splits: test`, both come from one pool.
 */
export async function loadPools(request: PoolsRequest): Promise<ProblemPools> {
  const files = await findDataFiles(request.settings.path, request.layout, request.context);
  const { train, evaluation } = filesOfSplits(files, request.settings.splits);
  const forEvaluation = await readFiles(evaluation, request);
  const forTraining = train === evaluation ? undefined : await readFiles(train, request);
  return poolsOf(forEvaluation, forTraining);
}

/** The pools of rows that a program of the user's loaded; without training rows both splits come from the same. */
export function poolsOfRows(path: string, evaluation: LabelledProblem[], training?: LabelledProblem[]): ProblemPools {
  const rows = (problems: LabelledProblem[]): Rows => {
    const lines = problems.map((problem) => `${JSON.stringify(problem)}\n`).join('');
    return { problems, leftOut: {}, source: { path, files: 0, problems: problems.length, sha256: sha256(lines) } };
  };
  refuseRepeatedIds(path, [...evaluation, ...(training ?? [])]);
  return poolsOf(rows(evaluation), training && rows(training));
}

/** Everything that is stored of a problem is found by its id. */
function refuseRepeatedIds(path: string, problems: LabelledProblem[]): void {
  const seen = new Set<string>();
  const repeated = problems.find(({ id }) => seen.size === seen.add(id).size);
  if (repeated !== undefined) throw new DatasetError(`id ${JSON.stringify(repeated.id)} occurs twice`, path);
}

/** Training problems differ from each other and from all that may be evaluated on. */
function poolsOf(forEvaluation: Rows, forTraining: Rows | undefined): ProblemPools {
  const evaluation = firstOfEach(forEvaluation.problems);
  const duplicates = forEvaluation.problems.length - evaluation.length;
  const source: DataSource = { split: 'eval', ...forEvaluation.source };
  if (forTraining === undefined) {
    const sources: DataSource[] = [{ ...source, split: 'train' }, source];
    return {
      train: evaluation,
      eval: evaluation,
      shared: true,
      sources,
      duplicates,
      inBoth: 0,
      leftOut: forEvaluation.leftOut,
    };
  }
  const training = firstOfEach(forTraining.problems);
  const evaluated = new Set(evaluation.map(({ question }) => normalisedText(question)));
  const apart = training.filter(({ question }) => !evaluated.has(normalisedText(question)));
  return {
    train: apart,
    eval: evaluation,
    shared: false,
    sources: [{ split: 'train', ...forTraining.source }, source],
    duplicates: duplicates + forTraining.problems.length - training.length,
    inBoth: training.length - apart.length,
    leftOut: sumOf(forEvaluation.leftOut, forTraining.leftOut),
  };
}

/** Validation files stand in for a split that is missing; a lone split, or files that name none, serve both. */
function filesOfSplits(files: DataFile[], splits: 'published' | 'test'): { train: DataFile[]; evaluation: DataFile[] } {
  const of = (split: PublishedSplit) => files.filter((file) => file.split === split);
  const [train = [], validation = [], test = [], whole = []] = (['train', 'validation', 'test', 'whole'] as const).map(
    of,
  );
  const first = (...choices: DataFile[][]) => choices.find(({ length }) => length > 0) ?? files;
  const evaluation = first(test, train.length > 0 ? validation : [], train, validation, whole);
  if (splits === 'test') return { train: evaluation, evaluation };
  const training = first(evaluation === train ? [] : train, evaluation === validation ? [] : validation, evaluation);
  return { train: training, evaluation };
}

async function readFiles(files: DataFile[], { read, settings }: PoolsRequest): Promise<Rows> {
  const problems: LabelledProblem[] = [];
  const leftOut: Record<string, number> = {};
  const prefixes = idPrefixes(settings.kind, files);
  for (const [index, file] of files.entries()) {
    for await (const row of read(file, prefixes[index]!)) {
      if ('leftOut' in row) leftOut[row.leftOut] = (leftOut[row.leftOut] ?? 0) + 1;
      else problems.push(row);
    }
  }
  const source = {
    path: commonPath(files),
    files: files.length,
    problems: problems.length,
    sha256: await digestOfFiles(files),
  };
  return { problems, leftOut, source };
}

/** `gsm8k-train`; of several files also the file's name and its folder's, or all folders' if two would be the same. */
function idPrefixes(kind: string, files: DataFile[]): string[] {
  const splitOf = ({ split }: DataFile) => (split === 'whole' ? '' : `-${split}`);
  if (files.length === 1) return files.map((file) => `${kind}${splitOf(file)}`);
  const withFolders = (most: number) =>
    files.map((file) => {
      const parts = file.name.replace(/\.[^.]+$/, '').split('/');
      const words = parts.slice(-1 - most).join('-');
      return `${kind}${splitOf(file)}-${words.replaceAll(/[^\p{L}\p{N}_-]+/gu, '-')}`;
    });
  const short = withFolders(1);
  return new Set(short).size === files.length ? short : withFolders(Infinity);
}

/** The first row of each question. */
function firstOfEach(problems: readonly LabelledProblem[]): LabelledProblem[] {
  const byText = new Map<string, LabelledProblem>();
  for (const problem of problems) {
    const text = normalisedText(problem.question);
    if (!byText.has(text)) byText.set(text, problem);
  }
  return [...byText.values()];
}

function sumOf(left: Record<string, number>, right: Record<string, number>): Record<string, number> {
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return Object.fromEntries(keys.map((key) => [key, (left[key] ?? 0) + (right[key] ?? 0)]));
}
