/** `maft line`: the life of one society over many runs. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { loadConfig } from '../machine/config';
import { openStore } from '../machine/open-store';
import { loadSpecificationFile } from '../specification';
import { findLine, storedLineNames } from '../stored-runs/stored-line';
import { visibleJson, visibleText } from '../visible-text';
import { createLine } from './line/create';
import { describeDiff, describeLine, describeVersions, diffVersions, lineOfList, summariseLine } from './line/history';
import { tasksOfLine } from './line/line-tasks';
import { promoteByHand, rollBack } from './line/promote';
import { renewHeldOut } from './line/renew-held-out';
import { positiveNumber } from './number-options';
import { loadWith } from './specification-options';

interface Options {
  json?: boolean;
  by: string;
  why: string;
}

const currentStore = () => openStore(loadConfig());

export function register(program: Command): void {
  const line = program
    .command('line')
    .description('the life of one society over many runs: versions, promotions, roll-backs')
    .addHelpText(
      'after',
      '\nExamples:\n  maft line create maths --from base --spec examples/tiny-line.yaml\n  maft run examples/tiny-night.yaml --id monday\n  maft line history maths\n  maft line rollback maths --why "answers got long"',
    );
  registerReading(line);
  registerWriting(line);
  registerAnswers(line);
}

function registerReading(line: Command): void {
  withJson(line.command('list').description('every line of the store, a row each')).action(list);
  withJson(line.command('show').description('the current version, the held-out problems and the gate'))
    .argument('<line>')
    .action(async (name: string, options: Options) => {
      const summary = await summariseLine(currentStore(), name);
      print(options, summary, describeLine(summary));
    });
  withJson(line.command('history').description('every version: who or what made it current, when and why'))
    .argument('<line>')
    .action(async (name: string, options: Options) => {
      const versions = await (await findLine(currentStore(), name)).versions();
      print(options, versions, describeVersions(versions));
    });
  withJson(line.command('diff').description('two versions: their weights, and their answers on held-out problems'))
    .argument('<line>')
    .argument('<before>', 'number of a version', positiveNumber)
    .argument('<after>', 'number of a version', positiveNumber)
    .action(async (name: string, before: number, after: number, options: Options) => {
      const diff = await diffVersions(currentStore(), { name, numbers: [before, after] });
      print(options, diff, describeDiff(diff));
    });
}

function registerWriting(line: Command): void {
  withAuthor(line.command('create').description('fix task, base, method and gate, and hold out problems'))
    .argument('<line>', 'its name')
    .requiredOption('--spec <file>', 'YAML or JSON, such as examples/tiny-line.yaml')
    .option('--from <society>', 'RUN or RUN@ITERATION, or `base` for the untuned society', 'base')
    .action(create);
  withAuthor(line.command('promote').description("make a finished run's society current, by hand"))
    .argument('<line>')
    .argument('<society>', 'RUN or RUN@ITERATION')
    .action(async (name: string, society: string, options: Options) => {
      const version = await promoteByHand(currentStore(), { name, society, ...authorOf(options) });
      print(options, version, describeVersions([version]));
    });
  withAuthor(line.command('rollback').description("make an older version's society current again"))
    .argument('<line>')
    .argument('[version]', 'its number; default: the newest with another society', positiveNumber)
    .action(async (name: string, to: number | undefined, options: Options) => {
      const version = await rollBack(currentStore(), { name, to, ...authorOf(options) });
      print(options, version, describeVersions([version]));
    });
  withAuthor(line.command('renew-held-out').description('hold out fresh problems; looks at them count from 1 again'))
    .argument('<line>')
    .action(async (name: string, options: Options) => {
      const set = await renewHeldOut(currentStore(), { name, tasksOf: tasksOfLine, ...authorOf(options) });
      print(options, set, `held-out set ${set.number}: ${set.size} problems`);
    });
}

/** Loaded when it is asked for: Temporal's client takes half a second, and the store's commands do without. */
// oxlint-disable-next-line typescript/no-require-imports
const answers = () => require('./line/answer') as typeof import('./line/answer');

function registerAnswers(line: Command): void {
  for (const answer of ['approve', 'reject'] as const) {
    const words = { approve: 'let a run that asks for it promote its society', reject: 'refuse that' }[answer];
    withJson(line.command(answer).description(words))
      .argument('<run>', 'its id, as `maft status` lists it')
      .requiredOption('--why <text>', 'for the history')
      .option('--by <name>', 'who decides; default: your user name', userInfo().username)
      .action(async (run: string, options: Options) => {
        const answered = await answers().answerHere({ run, answer, ...authorOf(options) });
        print(options, answered, `${answered.runId}: ${answered.decided} by ${options.by}`);
      });
  }
}

async function list(options: Options): Promise<void> {
  const store = currentStore();
  const names = await storedLineNames(store);
  if (names.length === 0) process.stderr.write(`no lines in ${store.addressOf()}\n`);
  for (const name of names) {
    const summary = await summariseLine(store, name);
    print(options, summary, lineOfList(summary));
  }
}

async function create(name: string, options: Options & { spec: string; from: string }): Promise<void> {
  const raw = await loadWith(loadSpecificationFile, options.spec, {});
  const request = { name, from: options.from, raw, ...authorOf(options), tasksOf: tasksOfLine };
  const version = await createLine(currentStore(), request);
  print(options, version, describeLine(await summariseLine(currentStore(), name)));
}

function authorOf({ by, why }: Options) {
  return { by, why };
}

function print({ json }: Options, value: object, text: string): void {
  process.stdout.write(`${json === true ? visibleJson(value) : visibleText(text)}\n`);
}

function withJson(command: Command): Command {
  return command.option('--json', 'as JSON, for programs');
}

function withAuthor(command: Command): Command {
  return withJson(command)
    .option('--by <name>', 'who does it, for the history; default: your user name', userInfo().username)
    .option('--why <text>', 'for the history', '');
}
