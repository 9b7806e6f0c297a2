/** `maft data`: what each task needs, what a folder holds, and (if the network allows) downloads of the public data sets. */
import { Option, type Command } from 'commander';
import { answerTypes, type AnswerType } from '../domain/answers';
import { InvalidRunSpec } from '../errors';
import { dataDirectory } from '../machine/paths';
import { stderrListener } from '../machine/setup/progress';
import { givenByUser, loadProblems, type FileSettings } from '../tasks';
import { fileTasks, publicData, taskSchema } from '../tasks/kinds/all';
import { checkData, checkTable, type DataCheck } from './data/check';
import { fetchData } from './data/fetch';
import { overview } from './data/overview';
import { visibleJson } from '../visible-text';

interface DataOptions {
  task?: string;
  path?: string;
  answerType?: AnswerType;
  fetch?: boolean;
  json?: boolean;
}

const kinds = fileTasks.map(({ kind }) => kind);

export function register(program: Command): void {
  program
    .command('data')
    .description('list what each task needs, check a folder of problems, fetch the public ones')
    .addOption(
      new Option('--task <kind>', 'the task whose data are checked; without it, all are listed').choices(kinds),
    )
    .option('--path <folder|file>', "where they are, relative to MAFT_DATA (default: the task's)")
    .addOption(new Option('--answer-type <type>', 'with --task jsonl: what the answers are').choices(answerTypes))
    .option('--fetch', 'download them first, where they are not there; the digest is checked')
    .option('--json', 'as JSON, for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  maft data\n  maft data --task gsm8k --fetch\n  maft data --task jsonl --path my-problems.jsonl --answer-type number',
    )
    .action(async (options: DataOptions) => {
      const shown = options.task === undefined ? listing(options) : await checking(options, options.task);
      process.stdout.write(shown);
    });
}

function listing({ path, fetch, answerType, json }: DataOptions): string {
  if (path !== undefined || fetch === true || answerType !== undefined) {
    throw new InvalidRunSpec([`--task: missing; say which data are meant, one of ${kinds.join(', ')}`]);
  }
  return json === true ? `${visibleJson(publicData, 2)}\n` : overview(dataDirectory());
}

async function checking(options: DataOptions, kind: string): Promise<string> {
  const task = fileTasks.find((each) => each.kind === kind)!;
  const known = publicData.find((each) => each.kind === kind);
  const path = options.path ?? known?.folder;
  if (path === undefined) throw new InvalidRunSpec([`--path: missing; --task ${kind} has no folder of its own`]);
  if (path.trim() === '') throw new InvalidRunSpec(['--path: "" names no file or folder']);
  const needsAnswerType = task.answers === undefined;
  if (needsAnswerType && options.answerType === undefined) {
    throw new InvalidRunSpec([`--answer-type: missing; --task ${kind} needs one of ${answerTypes.join(', ')}`]);
  }
  // People who type the command may read any file they name.
  const context = { dataDirectory: dataDirectory(), access: givenByUser };
  if (options.fetch === true) {
    if (known === undefined) throw new InvalidRunSpec(['--fetch: your own data are published nowhere']);
    await fetchData(known, { path, ...context }, stderrListener());
  }
  const answers = needsAnswerType ? { answerType: options.answerType } : {};
  const settings = taskSchema.parse({ kind, path, ...task.wholeSet, ...answers }) as FileSettings;
  const check: DataCheck = checkData(await loadProblems(task, settings, context), known);
  return options.json === true ? `${visibleJson(check, 2)}\n` : checkTable(check);
}
