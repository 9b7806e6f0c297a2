/** `maft probe-critics BASE|RUN@ITERATION`: whether critics use what they read (measures.md); trains and stores nothing. */
import { InvalidArgumentError, type Command } from 'commander';
import { fewestSamples, wholeIntervention } from '../domain/measures/critic-reading';
import { baseModels, embeddedEndpoint, nameOfBase } from '../domain/society';
import { ConfigError, MaftError } from '../errors';
import { loadConfig, type MachineConfig } from '../machine/config';
import { packageVersion } from '../machine/paths';
import type { Inference } from '../ports';
import { promptsFor } from '../prompts';
import { patientAsking } from '../probe/patient-asking';
import { probeCritics, type ProbeProblem } from '../probe/probe-at-once';
import { abortedBySignals } from '../runs/interrupt-signal';
import { withModelServer } from '../runs/with-model-server';
import { fetchBaseModel, findBaseModel, isOfHub } from '../machine/setup/model-folder';
import { ensurePythonEnvironment } from '../machine/setup/python-environment';
import { stderrListener, type SetupListener } from '../machine/setup/progress';
import { givenByUser, taskFor, type Task } from '../tasks';
import { readingMessages } from '../tasks/run-tasks';
import { visibleJson } from '../visible-text';
import { openStore } from '../machine/open-store';
import { wireAnswering } from '../wiring';
import { positiveNumber, wholeNumber } from './number-options';
import { probeResult, probeText, type ProbeResult } from './probe/output';
import { probeSubject, type ProbeSubject } from './probe/subject';
import { lazyGrader, taskSettings } from './task-option';

interface ProbeOptions {
  task?: object | string;
  problems?: number;
  samples: number;
  seed?: number;
  prompts?: string;
  endpoint: string;
  json?: boolean;
}

class Interrupted extends MaftError {}

export function register(program: Command): void {
  program
    .command('probe-critics')
    .description('measure whether critics use what they read')
    .argument('<base-or-society>', 'a base model (a folder, or a name that --endpoint serves), RUN or RUN@ITERATION')
    .option(
      '--task <task>',
      "a kind, the file of your own task, a JSON object, or a specification's file, whose prompts and sampling are then used; " +
        'default for a run: its own task',
      taskOrFile,
    )
    .option(
      '--problems <n>',
      'how many problems; default: the evaluation problems of the task, at most 200',
      positiveNumber,
    )
    .option('--samples <n>', 'most first answers per problem', enoughSamples, 16)
    .option(
      '--seed <n>',
      "seed of problems and samples; default: the specification's or the run's, else 0",
      wholeNumber,
    )
    .option('--prompts <set>', "prompt set of a base model; default: the specification's, else paper")
    .option('--endpoint <name>', 'who serves a base model: embedded, or a name in config.yaml', embeddedEndpoint)
    .option('--json', 'print the result as JSON; progress goes to standard error')
    .addHelpText('after', explanation)
    .action(probe);
}

const explanation = `
On problems whose first answers hold three right and three wrong ones, each critic revises six times: its own answer is
wrong or right; of two others both answers are right, one is, or none. Everything else is equal.
  reading   right revisions, own wrong: others right - others wrong
  copying   right revisions, own right: others right - others wrong; as high as reading, it is conformity
Below 5 points of reading, nothing made with these critics shows or refutes anything about debating. The exit code is 0
whatever is found.

Examples:
  maft probe-critics models/tiny-arithmetic --task examples/demo.yaml
  maft probe-critics demo@2 --json
  maft probe-critics gpt-small --endpoint my-host --task gsm8k --problems 100`;

/** A specification by its file, everything else as \`maft evaluate\` takes it. */
function taskOrFile(text: string): object | string {
  return !text.trimStart().startsWith('{') && /\.(ya?ml|json)$/.test(text) ? text : taskSettings(text);
}

function enoughSamples(text: string): number {
  const samples = positiveNumber(text);
  if (samples >= fewestSamples) return samples;
  throw new InvalidArgumentError(`must be at least ${fewestSamples}: three right and three wrong ones are needed`);
}

async function probe(name: string, { json = false, ...options }: ProbeOptions): Promise<void> {
  const { task, problems, seed, endpoint, prompts } = options;
  const listener = stderrListener();
  const interrupted = abortedBySignals(new Interrupted('interrupted; nothing was stored, and nothing is left running'));
  const config = loadConfig();
  const findBase = async (base: string) => {
    if (!isOfHub(base)) return findBaseModel(base);
    const { program: python } = await ensurePythonEnvironment({ listener, ownPython: config.python });
    return fetchBaseModel(base, { python, listener, signal: interrupted });
  };
  const subject = await probeSubject(openStore(config), { name, task, problems, seed, endpoint, prompts, findBase });
  if (subject.notice !== undefined) listener(subject.notice);
  const asked = { subject, samples: options.samples, listener, interrupted, ...(await drawn(config, subject)) };
  const { specification, society } = subject;
  const request = { specification, society, listener, interrupted };
  const result = await withModelServer(request, (served) => measure(served, asked));
  const text = { ascii: !process.stdout.isTTY, width: process.stdout.columns || 100 };
  process.stdout.write(json ? `${visibleJson(result)}\n` : probeText(result, text));
}

interface Asked {
  subject: ProbeSubject;
  task: Task;
  problems: ProbeProblem[];
  samples: number;
  listener: SetupListener;
  interrupted: AbortSignal;
}

/** Runs before any server is started, so missing or unparsable data are reported at once. */
async function drawn(
  config: MachineConfig,
  { specification }: ProbeSubject,
): Promise<Pick<Asked, 'task' | 'problems'>> {
  const context = { dataDirectory: config.data, dataFolders: config.dataFolders, access: givenByUser };
  const task = taskFor(specification.task, context);
  const { eval: problems } = await task.draw({ seed: specification.seed, iterations: 0 });
  return { task, problems: problems.filter((problem): problem is ProbeProblem => problem.answer !== undefined) };
}

async function measure(config: MachineConfig, asked: Asked): Promise<ProbeResult> {
  const { subject, task, problems, samples, listener, interrupted } = asked;
  const { society, specification } = subject;
  const { seed, method, model } = specification;
  const { members, rounds, critics } = society;
  const { inference, close } = wireAnswering(config, 'maft probe-critics');
  const grader = lazyGrader(task);
  const asking = patientAsking({ inference, signal: interrupted });
  const startedAt = Date.now();
  try {
    await requireServed(subject, inference, interrupted);
    const found = await probeCritics(
      {
        ...{ society, rules: { members, rounds, critics }, iteration: society.iteration, seed },
        ...{ prompts: promptsFor(method.prompts, task), thinking: method.thinking },
        intervention: wholeIntervention(members, samples),
        ...{ endpoint: model.endpoint, reader: readingMessages(task, method.prompts), grader, ask: asking.ask },
        onProblem: (done) => {
          if (done % Math.ceil(problems.length / 10) === 0) listener(`${done} of ${problems.length} problems`);
        },
      },
      problems,
    );
    const seconds = Math.round((Date.now() - startedAt) / 100) / 10;
    return probeResult(found, subject, { counts: asking.counts, seconds, versions: { maft: packageVersion() } });
  } finally {
    await grader.close();
    await close();
  }
}

/** Without this check, a name that the endpoint does not serve would be retried for minutes, as if it were still loading. */
async function requireServed(
  { specification }: ProbeSubject,
  inference: (endpoint: string) => Inference,
  signal: AbortSignal,
): Promise<void> {
  for (const base of baseModels(specification)) {
    const served = await inference(base.endpoint).models(signal);
    if (served.includes(nameOfBase(base))) continue;
    throw new ConfigError(
      `${JSON.stringify(base.base)} is not served by the endpoint "${base.endpoint}", which offers: ${served.slice(0, 20).join(', ') || 'nothing'}`,
    );
  }
}
