/** Writes training sets and the account of them into a folder that holds no other `.jsonl`. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TrainingExample } from '../../contract/training';
import type { SelectionResult } from '../../domain/selection';
import { DatasetError, InvalidRunSpec } from '../../errors';

/** Makes the folder early, so a failure does not come after hours of reading. Throws `InvalidRunSpec`. */
export async function makeOutput(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InvalidRunSpec([`--out: the folder ${directory} cannot be made (${code ?? message})`]);
  }
}

/** Each file appears whole or not at all, `selection.json` last. */
export async function writeSelection(directory: string, { trainingSets, report }: SelectionResult): Promise<void> {
  await refuseOtherSets(directory, trainingSets);
  for (const [agent, examples] of trainingSets) {
    await publish(join(directory, `${agent}.jsonl`), (file) => pipeline(linesOf(examples), createWriteStream(file)));
  }
  const text = `${JSON.stringify(report, null, 2)}\n`;
  await publish(join(directory, 'selection.json'), (file) => writeFile(file, text));
}

/** A set left over from another selection would be taken for one of this. */
async function refuseOtherSets(directory: string, trainingSets: SelectionResult['trainingSets']): Promise<void> {
  const ours = new Set([...trainingSets.keys()].map((agent) => `${agent}.jsonl`));
  const others = (await readdir(directory)).filter((name) => name.endsWith('.jsonl') && !ours.has(name));
  if (others.length === 0) return;
  throw new DatasetError(`holds ${others.sort().join(', ')} from elsewhere; give --out a new folder`, directory);
}

/** Writes about a mebibyte at a time: one system call per line would be slow. */
function linesOf(examples: readonly TrainingExample[]): Readable {
  return Readable.from(
    (function* () {
      let piece = '';
      for (const example of examples) {
        piece += `${JSON.stringify(example)}\n`;
        if (piece.length < 2 ** 20) continue;
        yield piece;
        piece = '';
      }
      if (piece !== '') yield piece;
    })(),
  );
}

/** The file appears whole or not at all; `write` fills a temporary one beside it. */
export async function publish(file: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${file}.${process.pid}.partial`;
  await write(temporary);
  await rename(temporary, file);
}
