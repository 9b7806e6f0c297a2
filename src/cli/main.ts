#!/usr/bin/env node
/**
 * The command line `maft`: one file per command, loaded only when it is the one asked for. Exit codes: 0 ok, 1 failed,
 * 2 bad input (usage, specification, configuration, data file).
 */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../machine/paths';
import { restrictUmask } from '../machine/umask';
import { exitCodeOf, explain } from './exit-codes';

interface CommandModule {
  register(program: Command): void;
}

interface CommandEntry {
  name: string;
  summary: string;
  /** `require` and not `import()`: lazy, and the compiled program is CommonJS. */
  load: () => CommandModule;
  hidden?: boolean;
}

/* oxlint-disable typescript/no-require-imports */
const steering = () => require('./steer') as Record<`${'pause' | 'resume' | 'cancel'}Command`, CommandModule>;

const commands: CommandEntry[] = [
  {
    name: 'demo',
    summary: 'the whole method on this machine, in minutes',
    load: () => require('./demo') as CommandModule,
  },
  {
    name: 'up',
    summary: 'start a Temporal server, the model server and a worker',
    load: () => require('./up') as CommandModule,
  },
  {
    name: 'validate',
    summary: 'check a specification and say what it means',
    load: () => require('./validate') as CommandModule,
  },
  { name: 'fit', summary: 'say whether a run fits into memory', load: () => require('./fit') as CommandModule },
  { name: 'run', summary: 'run a specification and follow it', load: () => require('./run') as CommandModule },
  {
    name: 'compare',
    summary: 'compare methods on the same problems',
    load: () => require('./compare') as CommandModule,
  },
  {
    name: 'evaluate',
    summary: 'measure a finished society on any task',
    load: () => require('./evaluate') as CommandModule,
  },
  {
    name: 'probe-critics',
    summary: 'measure whether critics use what they read',
    load: () => require('./probe-critics') as CommandModule,
  },
  { name: 'status', summary: 'what a run is doing', load: () => require('./status') as CommandModule },
  { name: 'pause', summary: 'pause an open run', load: () => steering().pauseCommand },
  { name: 'resume', summary: 'go on with a paused run', load: () => steering().resumeCommand },
  { name: 'cancel', summary: 'end an open run', load: () => steering().cancelCommand },
  { name: 'runs', summary: 'list runs', load: () => require('./runs') as CommandModule },
  {
    name: 'societies',
    summary: 'list societies and their agents',
    load: () => require('./societies') as CommandModule,
  },
  {
    name: 'line',
    summary: 'the life of one society over many runs',
    load: () => require('./line') as CommandModule,
  },
  { name: 'schedule', summary: 'start runs at set times', load: () => require('./schedule') as CommandModule },
  { name: 'ask', summary: 'ask a society one question', load: () => require('./ask') as CommandModule },
  {
    name: 'serve',
    summary: 'serve a society as one OpenAI-compatible model',
    load: () => require('./serve') as CommandModule,
  },
  { name: 'report', summary: "write a run's report", load: () => require('./report') as CommandModule },
  {
    name: 'costs',
    summary: 'what runs have paid for: calls, tokens, training time, money',
    load: () => require('./costs') as CommandModule,
  },
  {
    name: 'limits',
    summary: 'what an open run may spend, and change it',
    load: () => require('./limits') as CommandModule,
  },
  { name: 'worker', summary: 'serve task queues', load: () => require('./worker') as CommandModule },
  {
    name: 'select',
    summary: 'make training sets from transcript files',
    load: () => require('./select') as CommandModule,
  },
  {
    name: 'export',
    summary: 'write a society for other programs, with model cards',
    load: () => require('./export') as CommandModule,
  },
  {
    name: 'export-data',
    summary: "write a run's training data in TRL's formats",
    load: () => require('./export-data') as CommandModule,
  },
  { name: 'grade', summary: 'decide whether answers are equal', load: () => require('./grade') as CommandModule },
  {
    name: 'data',
    summary: 'what problems each task needs; check and fetch them',
    load: () => require('./data') as CommandModule,
  },
  {
    name: 'schema',
    summary: 'print the run specification as JSON Schema',
    load: () => require('./schema') as CommandModule,
  },
  {
    name: 'doctor',
    summary: 'list what is needed: found, version, or how to get it',
    load: () => require('./doctor') as CommandModule,
  },
  { name: 'setup', summary: 'install vLLM, for --engine vllm', load: () => require('./setup') as CommandModule },
  {
    name: 'temporal',
    summary: 'the Temporal CLI, against the servers that run here',
    load: () => require('./temporal') as CommandModule,
  },
  {
    name: 'python',
    summary: "run the environment's Python",
    load: () => require('./python') as CommandModule,
    hidden: true,
  },
];
/* oxlint-enable typescript/no-require-imports */

/** Builds the program with the command in `userArguments`; the others have only a name and a summary. */
export function buildProgram(userArguments: string[]): Command {
  const program = new Command('maft')
    .description('A society of language models that improves itself without labels: debate, vote, finetune.')
    .version(packageVersion())
    .showHelpAfterError('(maft --help, or maft COMMAND --help, says more)')
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExamples:\n  maft demo                        everything, in minutes\n  maft up                          servers and a worker, until Ctrl-C\n  maft run examples/demo.yaml      one run\n\nExit codes: 0 ok, 1 failed, 2 bad input.',
    );
  program.exitOverride();
  const asked = userArguments.filter((argument) => argument !== 'help').find((argument) => !argument.startsWith('-'));
  for (const { name, summary, load, hidden } of commands) {
    if (name === asked) load().register(program);
    else program.command(name, { hidden: hidden ?? false }).description(summary);
  }
  return program;
}

/** Runs one command; the exit code is the process's own once its last handle is closed. */
export async function main(userArguments: string[]): Promise<void> {
  // `maft schema | head` closes our stdout early; that is not a failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    restrictUmask();
    await buildProgram(userArguments).parseAsync(userArguments, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    // Commander has written its own sentence already.
    if (!(error instanceof CommanderError)) process.stderr.write(`${explain(error)}\n`);
  }
}

if (require.main === module) void main(process.argv.slice(2));
