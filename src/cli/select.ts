/** `maft select`: training sets from transcript files, without Temporal and without a model. */
import type { Command } from 'commander';
import type { CriticKind } from '../contract/method';
import type { SelectionReport } from '../contract/training';
import type { Transcript } from '../contract/transcript';
import { defaultPreset, presetNames } from '../domain/presets';
import { Selection, type SelectionResult } from '../domain/selection';
import { selectionSettings } from '../domain/role-settings';
import { InvalidRunSpec } from '../errors';
import { type ResolvedSpecification, loadSpecificationFile, resolveSpecification } from '../specification';
import { dataDirectory } from '../machine/paths';
import type { Grader } from '../ports';
import { givenByUser, taskFor, type AnswerReader } from '../tasks';
import { readingMessages } from '../tasks/run-tasks';
import { wholeNumber } from './number-options';
import { ReferenceAnswers } from './select/references';
import {
  readTranscripts,
  refuseOtherSize,
  refuseOtherVoices,
  sizeOf,
  type DebateSize,
  type PlacedTranscript,
} from './select/transcripts';
import { makeOutput, writeSelection } from './select/write-selection';
import { lazyGrader, taskChoice, withTaskOptions, type TaskOptions, type TaskChoice } from './task-option';
import { visibleJson } from '../visible-text';
import { existsSync } from 'node:fs';
import { runSpecificationSchema } from '../contract/specification';
import { suggestion } from '../specification/nearest';

export interface SelectOptions extends TaskOptions {
  transcripts: string[];
  method: string;
  references?: string;
  seed?: number;
  iteration?: number;
  out: string;
  json?: boolean;
}

export function register(program: Command): void {
  withTaskOptions(program.command('select'))
    .description('make training sets from transcript files, without Temporal or a model')
    .requiredOption('--transcripts <files...>', 'transcript files (JSON lines)')
    .option(
      '--method <preset|file>',
      'a preset, or a YAML/JSON file with method settings or a specification',
      defaultPreset,
    )
    .option('--references <file>', 'reference answers, for `star` and `select: reference` only')
    .option('--seed <number>', "seed of the draws (default: the method file's, else 0)", wholeNumber)
    .option('--iteration <number>', "iteration (default: the lines', else 1)", wholeNumber)
    .requiredOption('--out <folder>', 'folder to make and write to')
    .option('--json', 'print selection.json instead of a table')
    .action(async (options: SelectOptions) => {
      const { report } = await select(options);
      process.stdout.write(options.json ? `${visibleJson(report)}\n` : table(report, options.out));
    });
}

/** Reads, selects, writes. Throws `InvalidRunSpec` for the method or an option, `DatasetError` for a file. */
export async function select(options: SelectOptions): Promise<SelectionResult> {
  const specification = await methodSpecification(options.method, taskChoice(options));
  const task = taskFor(specification.task, { dataDirectory: dataDirectory(), access: givenByUser });
  const reader = readingMessages(task, specification.method.prompts);
  await makeOutput(options.out);
  // Needed only if transcripts lack votes, or if references decide.
  const grader = lazyGrader(reader);
  try {
    const result = await selectWith(options, specification, { reader, grader });
    await writeSelection(options.out, result);
    return result;
  } finally {
    await grader.close();
  }
}

/** How answers are read and compared. */
interface Judging {
  reader: AnswerReader;
  grader: Grader;
}

async function selectWith(
  options: SelectOptions,
  specification: ResolvedSpecification['specification'],
  { reader, grader }: Judging,
): Promise<SelectionResult> {
  const references = await referencesFor(options, specification, reader);
  const { method } = specification;
  const seed = options.seed ?? specification.seed;
  const reading = { files: options.transcripts, reader, grader, seed, iteration: options.iteration };
  const read = readTranscripts({ ...reading, thinking: method.thinking });
  const transcripts = references === undefined ? read : references.judging(read, grader);
  return selectFrom(transcripts, method.critics, ({ iteration }, size) => {
    return new Selection({ ...selectionSettings(specification, iteration), ...size, seed }, references?.verdict);
  });
}

/** Takes members and rounds from the first debate that did not fail; failed ones before it wait. */
async function selectFrom(
  transcripts: AsyncIterable<PlacedTranscript>,
  critics: CriticKind,
  begin: (first: Transcript, size: DebateSize) => Selection,
): Promise<SelectionResult> {
  const waiting: Transcript[] = [];
  let begun: { selection: Selection; size: DebateSize } | undefined;
  for await (const placed of transcripts) {
    const { transcript } = placed;
    if (begun === undefined && transcript.consensus.kind !== 'failed') {
      const size = sizeOf(transcript);
      begun = { size, selection: begin(transcript, size) };
    }
    if (begun === undefined) {
      waiting.push(transcript);
      continue;
    }
    refuseOtherSize(placed, begun.size);
    refuseOtherVoices(placed, { ...begun.size, critics });
    begun.selection.add(transcript);
  }
  if (begun === undefined) throw nothingToSelect(waiting.length);
  for (const failed of waiting) begun.selection.add(failed);
  return begun.selection.finish();
}

function nothingToSelect(failed: number): InvalidRunSpec {
  return new InvalidRunSpec([`--transcripts: no finished debate to select from (${failed} failed)`]);
}

async function referencesFor(
  { references }: SelectOptions,
  { method }: ResolvedSpecification['specification'],
  reader: AnswerReader,
): Promise<ReferenceAnswers | undefined> {
  const isNeeded = method.select === 'reference';
  if (isNeeded && references === undefined) {
    throw new InvalidRunSpec(['--references: missing; `select: reference` needs a references/train.jsonl']);
  }
  if (!isNeeded && references !== undefined) {
    throw new InvalidRunSpec([
      `--references: ${JSON.stringify(references)} is refused with \`select: ${method.select}\`: no reference answer may decide here`,
    ]);
  }
  return references === undefined ? undefined : await ReferenceAnswers.read(references, reader);
}

function table({ problems, consensus, agents, method, seed }: SelectionReport, out: string): string {
  const { agreed, tieBroken, none, failed } = consensus;
  const rows = agents.map(({ agent, responses, examples, outcomes }) => {
    const account = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
    return `${agent.padEnd(14)} ${String(examples).padStart(6)} examples of ${responses} responses: ${account.join(', ')}`;
  });
  const heading =
    `${method}, seed ${seed}: ${problems} problems, ${agreed} agreed (${tieBroken} by a tie draw), ` +
    `${none} without a parsable answer, ${failed} failed`;
  return `${[heading, ...rows, `written to ${out}`].join('\n')}\n`;
}

/** The specification that selection follows. Task and model of a bare method are stand-ins that selection never reads. */
export async function methodSpecification(
  method: string,
  task: TaskChoice,
): Promise<ResolvedSpecification['specification']> {
  const given = presetNames.includes(method) ? { method } : await fromFile(method);
  const { specification } = resolveSpecification({ task, model: { base: 'none', society: 'none' }, ...given });
  if (specification.task.kind !== task.kind) {
    throw new InvalidRunSpec([
      `--task: ${task.kind} is not the task of ${method}, which is ${specification.task.kind}`,
    ]);
  }
  if (specification.method.weights === 'none') {
    throw new InvalidRunSpec([`--method: ${JSON.stringify(method)} does not train, so there is nothing to select`]);
  }
  return specification;
}

async function fromFile(path: string): Promise<object> {
  if (!existsSync(path)) {
    const hint = suggestion(path, presetNames);
    throw new InvalidRunSpec([
      `--method: ${JSON.stringify(path)} is neither a preset nor a file${hint} (presets: ${presetNames.join(', ')})`,
    ]);
  }
  const content = await loadSpecificationFile(path, dataDirectory());
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new InvalidRunSpec([`${path}: must hold an object: method settings, or a run specification`]);
  }
  const isSpecification = Object.keys(content).some((field) => field in runSpecificationSchema.shape);
  return isSpecification ? content : { method: content };
}
