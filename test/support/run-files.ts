/** What a run left in its store, for tests that look at who was trained on what. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseLines } from '../../src/artifacts/lines';
import type { Evaluation } from '../../src/contract/evaluation';
import type { Society } from '../../src/contract/society';
import type { SelectionReport, TrainingExample } from '../../src/contract/training';
import type { Transcript, Turn } from '../../src/contract/transcript';

export interface RunFiles {
  society(iteration: number): Promise<Society>;
  evaluation(iteration: number): Promise<Evaluation>;
  selection(iteration: number): Promise<SelectionReport>;
  trainingSet(iteration: number, agent: string): Promise<TrainingExample[]>;
  /** Agents that have a training set in an iteration. */
  trained(iteration: number): Promise<string[]>;
  transcripts(iteration: number, split: 'train' | 'eval'): Promise<Transcript[]>;
}

export function runFiles(store: string, runId: string): RunFiles {
  const folder = (iteration: number) => path.join(store, 'runs', runId, `iteration-${iteration}`);
  const json = async <Value>(...parts: string[]) => JSON.parse(await readFile(path.join(...parts), 'utf8')) as Value;
  const lines = async <Line>(...parts: string[]) => parseLines<Line>(await readFile(path.join(...parts)));
  return {
    society: (iteration) => json(folder(iteration), 'society.json'),
    evaluation: (iteration) => json(folder(iteration), 'evaluation.json'),
    selection: (iteration) => json(folder(iteration), 'training-sets', 'selection.json'),
    trainingSet: (iteration, agent) => lines(folder(iteration), 'training-sets', `${agent}.jsonl`),
    trained: async (iteration) => {
      const files = await readdir(path.join(folder(iteration), 'training-sets')).catch(() => []);
      return files.filter((file) => file.endsWith('.jsonl')).map((file) => file.replace(/\.jsonl$/, ''));
    },
    transcripts: async (iteration, split) => {
      const shards = path.join(folder(iteration), 'transcripts', split);
      const files = (await readdir(shards)).sort();
      return (await Promise.all(files.map((file) => lines<Transcript>(shards, file)))).flat();
    },
  };
}

/** Turns of one round, or of all. */
export function turnsIn(transcripts: readonly Transcript[], round?: number): Turn[] {
  return transcripts.flatMap(({ rounds }) =>
    rounds.filter((each) => round === undefined || each.round === round).flatMap(({ turns }) => turns),
  );
}
