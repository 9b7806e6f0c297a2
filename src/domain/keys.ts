/** Where every artifact is: keys below the store's root (a contract: architecture, "Files that are a contract"). */
import type { Split } from '../contract/transcript';
import type { ResponseScoring } from '../contract/measures';
import { shardName } from './identifiers';

const longestSegment = 180;

/**
 * A problem id as one path segment or more. Injective also on file systems that ignore case: everything but
 * `a-z 0-9 _ -` and inner periods is written as the hex of its UTF-16 code unit. An overlong id goes on in a folder.
 */
export function encodePathSegment(id: string): string {
  const encoded = Array.from({ length: id.length }, (_, index) => encodeUnit(id, index));
  const segments: string[] = [];
  let segment = '';
  for (const unit of encoded) {
    if (segment.length + unit.length > longestSegment) {
      segments.push(`${segment}~`);
      segment = '';
    }
    segment += unit;
  }
  return [...segments, segment || '%'].join('/');
}

function encodeUnit(id: string, index: number): string {
  const unit = id.charAt(index);
  if (/[a-z0-9_-]/.test(unit) || (unit === '.' && index > 0 && index < id.length - 1)) return unit;
  const code = id.charCodeAt(index);
  return code < 0x100 ? `%${code.toString(16).padStart(2, '0')}` : `%u${code.toString(16).padStart(4, '0')}`;
}

const runFolder = (runId: string): string => `runs/${runId}`;

/** Keys of a run as a whole. */
export const runKeys = {
  folder: runFolder,
  record: (runId: string) => `${runFolder(runId)}/run.json`,
  /** With fresh problems every iteration has its own training file. */
  problems: (runId: string, split: Split, iteration?: number) =>
    `${runFolder(runId)}/problems/${splitFile(split, iteration)}`,
  /** Apart from the problems, so that selection cannot read them by accident. */
  references: (runId: string, split: Split, iteration?: number) =>
    `${runFolder(runId)}/references/${splitFile(split, iteration)}`,
  /** What was decided about the run's society: whether its line takes it. */
  promotion: (runId: string) => `${runFolder(runId)}/decisions/1-promotion.json`,
  /** What was left out because the run landed early. */
  fewerProblems: (runId: string) => `${runFolder(runId)}/decisions/2-fewer-problems.json`,
  endedEarly: (runId: string) => `${runFolder(runId)}/decisions/3-ended-early.json`,
  /** What people have changed of its limits; the highest number counts. */
  limitsDecision: (runId: string, number: number) => `${runFolder(runId)}/decisions/${number}-set-limits.json`,
  reportPage: (runId: string) => `${runFolder(runId)}/report.html`,
  reportData: (runId: string) => `${runFolder(runId)}/report.json`,
} as const;

function splitFile(split: Split, iteration: number | undefined): string {
  return iteration === undefined ? `${split}.jsonl` : `${split}.iteration-${iteration}.jsonl`;
}

/** Keys of a comparison of methods; its runs are runs like any other. */
export const comparisonKeys = {
  folder: (comparisonId: string) => `comparisons/${comparisonId}`,
  record: (comparisonId: string) => `comparisons/${comparisonId}/comparison.json`,
  reportPage: (comparisonId: string) => `comparisons/${comparisonId}/report.html`,
  reportData: (comparisonId: string) => `comparisons/${comparisonId}/report.json`,
} as const;

const lineFolder = (name: string): string => `lines/${name}`;
const sixDigits = (number: number): string => String(number).padStart(6, '0');

/** Keys of a line of societies. Numbers count from 1, so a reader finds the highest one without listing a folder. */
export const lineKeys = {
  folder: lineFolder,
  record: (name: string) => `${lineFolder(name)}/line.json`,
  version: (name: string, number: number) => `${lineFolder(name)}/versions/${sixDigits(number)}.json`,
  heldOut: (name: string, number: number) => `${lineFolder(name)}/held-out/${sixDigits(number)}.json`,
  heldOutProblems: (name: string, number: number) => `${lineFolder(name)}/held-out/${sixDigits(number)}.problems.jsonl`,
  /** Apart from the problems, as those of a run are. */
  heldOutReferences: (name: string, number: number) =>
    `${lineFolder(name)}/held-out/${sixDigits(number)}.references.jsonl`,
  look: (name: string, { heldOut, look }: { heldOut: number; look: number }) =>
    `${lineFolder(name)}/held-out/${sixDigits(heldOut)}.looks/${sixDigits(look)}.json`,
  usedFolder: (name: string) => `${lineFolder(name)}/used`,
  used: (name: string, runId: string) => `${lineFolder(name)}/used/${runId}.json`,
  /** Of those, what the run did not train on after all: open to later runs. */
  released: (name: string, runId: string) => `${lineFolder(name)}/released/${runId}.json`,
} as const;

/** One iteration of one run. */
export interface IterationPlace {
  runId: string;
  iteration: number;
}

/** One evaluated or debated problem. */
interface ProblemPlace extends IterationPlace {
  problemId: string;
}

/** One round of one problem's debate; the samples of a vote stand beside the first. */
export interface RoundPlace extends IterationPlace {
  split: Split;
  problemId: string;
  /** 1..M */
  round: number;
}

export interface TurnPlace extends RoundPlace {
  /** Agent id, or the name of a further sample (`sampleName`). */
  agent: string;
  part: 'response' | 'summary' | 'hinted';
}

export interface ShardPlace extends IterationPlace {
  split: Split;
  shard: number;
}

const notesSuffix = '.calls.jsonl';

/** Keys of one iteration. */
export const iterationKeys = {
  /** Where a split's turns are. */
  turnsFolder: ({ split, ...place }: IterationPlace & { split: Split }) => `${iterationFolder(place)}/turns/${split}`,
  round: roundFolder,
  turn: (place: TurnPlace) =>
    `${roundFolder(place)}/${place.agent}${place.part === 'response' ? '' : `.${place.part}`}.json`,
  /** Notes on the calls for the completion under that key, kept as long as one of them may have been lost. */
  callNotes: (turn: string) => turn.replace(/\.json$/, notesSuffix),
  /** The completion that notes under this key are about; undefined for any other key. */
  notedCompletion: (key: string) => (key.endsWith(notesSuffix) ? key.replace(notesSuffix, '.json') : undefined),
  /** Equality verdicts of a shard's answers, write-once: a time limit may fall differently on a retry. */
  verdicts: (place: ShardPlace) => `${iterationFolder(place)}/verdicts/${shardFile(place)}.json`,
  /** Verdicts on one problem's first answers: a wrong one is asked for again with a hint. */
  hintVerdicts: (place: ProblemPlace) =>
    `${iterationFolder(place)}/verdicts/hints/${encodePathSegment(place.problemId)}.json`,
  /** Verdicts on a split's answers against the reference answers. */
  referenceVerdicts: (place: IterationPlace & { split: Split }) =>
    `${iterationFolder(place)}/verdicts/${place.split}/references.json`,
  transcripts: (place: ShardPlace) => `${iterationFolder(place)}/transcripts/${shardFile(place)}.jsonl`,
  /** The samples of a vote over k, beside the debate. */
  votes: (place: ShardPlace) => `${iterationFolder(place)}/votes/${shardFile(place)}.jsonl`,
  /** What a closed shard returned: it is not debated again. */
  shardOutcome: (place: ShardPlace) => `${iterationFolder(place)}/shards/${shardFile(place)}.json`,
  trainingSet: (place: IterationPlace, agent: string) => `${iterationFolder(place)}/training-sets/${agent}.jsonl`,
  selection: (place: IterationPlace) => `${iterationFolder(place)}/training-sets/selection.json`,
  weights: (place: IterationPlace, agent: string) => `${iterationFolder(place)}/weights/${agent}.json`,
  /** Notes on how long the attempts of that training have held a device. */
  attempts: (place: IterationPlace, agent: string) => `${iterationFolder(place)}/weights/${agent}.attempts.jsonl`,
  society: (place: IterationPlace) => `${iterationFolder(place)}/society.json`,
  /** `evaluation.json`; of the validation split `evaluation.validation.json`. */
  evaluation: (place: IterationPlace, split: Exclude<Split, 'train'> = 'eval') =>
    `${iterationFolder(place)}/${split.replace(/^eval/, 'evaluation')}.json`,
  /** One batch of scores: scoring that is cut off goes on after the last stored batch. */
  scores: (place: ShardPlace, { kind, batch }: { kind: ResponseScoring; batch: number }) =>
    `${iterationFolder(place)}/scores/${shardFile(place)}.${kind}-${String(batch).padStart(2, '0')}.json`,
  /** Where a split's scores are. */
  scoresFolder: ({ split, ...place }: IterationPlace & { split: Split }) => `${iterationFolder(place)}/scores/${split}`,
  /** Folder of what critics were asked about one problem to measure whether they read, beside the debate. */
  revisions: revisionFolder,
  /** One completion of those. */
  revision: (place: ProblemPlace, name: string) => `${revisionFolder(place)}/${name}.json`,
  /** Verdicts on that problem's responses. */
  revisionVerdicts: ({ problemId, ...place }: ProblemPlace) =>
    `${iterationFolder(place)}/verdicts/revisions/${encodePathSegment(problemId)}.json`,
  /** What became of a shard's problems there. */
  probed: (place: ShardPlace) => `${iterationFolder(place)}/critics/${shardFile(place)}.json`,
  /** A shard's debates without their texts: what a report chooses its samples from. */
  outlines: (place: ShardPlace) => `${iterationFolder(place)}/shown/${shardFile(place)}.outlines.json`,
  /** One debate that a report has shown, apart from its shard. */
  shownDebate: ({ split, problemId, ...place }: ProblemPlace & { split: Split }) =>
    `${iterationFolder(place)}/shown/${split}/${encodePathSegment(problemId)}.json`,
  measures: (place: IterationPlace) => `${iterationFolder(place)}/measures.json`,
  /** What the guard found in the iteration's training debate. */
  guard: (place: IterationPlace) => `${iterationFolder(place)}/guard.json`,
  /** Calls and seconds of the stages that ended before the iteration's report. */
  timings: (place: IterationPlace) => `${iterationFolder(place)}/timings.json`,
  /** The audit of the consensus that the iteration's training sets rest on. */
  audit: (place: IterationPlace) => `${iterationFolder(place)}/audit.json`,
} as const;

/**
 * The key to publish at if a crashed attempt left other content in a write-once file. Nothing refers to that file:
 * readers find the artifact's key in what was written last.
 */
export function amendedKey(key: string, digest: string): string {
  return key.replace(/(\.[a-z]+)$/, `.${digest.slice(0, 12)}$1`);
}

function roundFolder({ split, problemId, round, ...iteration }: RoundPlace): string {
  return `${iterationFolder(iteration)}/turns/${split}/${encodePathSegment(problemId)}/round-${round}`;
}

function revisionFolder({ problemId, ...place }: ProblemPlace): string {
  return `${iterationFolder(place)}/revisions/${encodePathSegment(problemId)}`;
}

function iterationFolder({ runId, iteration }: IterationPlace): string {
  return `${runFolder(runId)}/iteration-${iteration}`;
}

function shardFile({ split, shard }: ShardPlace): string {
  return `${split}/${shardName(shard)}`;
}

/** All model versions: the folder that servers on the same disk resolve names from. */
export const modelsKey = 'models';

/** The folder of a model version; its name is the model's. */
export const modelKey = (name: string): string => `${modelsKey}/${name}`;

/** Only adapters have one. */
export const adapterConfigKey = (model: string): string => `${modelKey(model)}/adapter_config.json`;
