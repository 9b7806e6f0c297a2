/** Data sets that a test writes itself, in a folder of their own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TaskSettings } from '../../src/tasks/kinds/all';
import { taskSchema } from '../../src/tasks/kinds/all';
import { givenByUser, taskFor, type DrawnProblems, type DrawRequest, type Task } from '../../src/tasks';

export interface DataFolder {
  folder: string;
  /** Writes files by name; an array becomes JSON lines. */
  write(files: Record<string, string | Buffer | object[]>): Promise<void>;
  task(settings: object): Task;
  draw(settings: object, request?: Partial<DrawRequest>): Promise<DrawnProblems>;
  remove(): Promise<void>;
}

export async function dataFolder(): Promise<DataFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'maft-data-'));
  const dataFolders = samplesFolder === undefined ? [] : [samplesFolder];
  const context = { dataDirectory: folder, dataFolders, access: { ...givenByUser, mayRead: () => false } };
  const task = (settings: object) => taskFor(taskSchema.parse(settings) as TaskSettings, context);
  return {
    folder,
    async write(files) {
      for (const [name, content] of Object.entries(files)) {
        const file = path.join(folder, name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, Array.isArray(content) ? jsonLines(content) : content);
      }
    },
    task,
    draw: async (settings, request = {}) => task(settings).draw({ seed: 0, iterations: 1, ...request }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function jsonLines(rows: object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** The folder of public samples, where the machine has one; a test without it says that it was skipped. */
export const samplesFolder = process.env.MAFT_SAMPLES || undefined;

/** `test` where the samples are there, else a skipped test whose name says why. */
export function sampleTest(name: string, perform: (folder: string) => Promise<void>): void {
  if (samplesFolder === undefined)
    test.skip(`${name} (skipped: MAFT_SAMPLES names no folder of samples)`, () => undefined);
  else test(name, () => perform(samplesFolder!));
}
