/** The data that each task needs, and whether they are there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '../../machine/setup/progress';
import { publicData } from '../../tasks';

export function overview(dataDirectory: string): string {
  const blocks = publicData.map(({ kind, title, licence, homepage, folder, expected, notice, files }) => {
    const place = join(dataDirectory, folder);
    const size = formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0));
    const state = existsSync(place)
      ? `there is a folder ${place}: npx maft data --task ${kind} checks it`
      : `not in ${place}: npx maft data --task ${kind} --fetch downloads ${size}, or see ${homepage}`;
    const known = notice === undefined ? '' : `  ${notice}\n`;
    return `${kind}\n  ${title}. Licence: ${licence}\n  expected: ${expected}\n${known}  ${state}\n`;
  });
  return [
    'arithmetic\n  generated from the seed; needs no data\n',
    ...blocks,
    'jsonl\n  your own: JSON lines with {id?, question, answer?, type?, level?}\n  npx maft data --task jsonl --path FILE --answer-type number checks them\n',
    'module\n  your own program that loads problems and reads answers: docs/tasks.md\n',
    `\nRelative paths are below MAFT_DATA: ${dataDirectory}\n`,
  ].join('');
}
