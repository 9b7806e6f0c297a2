/** The data that each task needs, and whether they are there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '../../machine/setup/progress';
import { publicData, taskDefinitions, type PublicData } from '../../tasks/kinds/all';

export function overview(dataDirectory: string): string {
  const blocks = taskDefinitions.map(({ kind, about }) => {
    const published = publicData.find((each) => each.kind === kind);
    return `${kind}\n  ${published === undefined ? about : publishedAt(published, dataDirectory)}\n`;
  });
  return [...blocks, `\nRelative paths are below MAFT_DATA: ${dataDirectory}\n`].join('');
}

function publishedAt(
  { kind, title, licence, homepage, folder, expected, notice, files }: PublicData,
  dataDirectory: string,
): string {
  const place = join(dataDirectory, folder);
  const size = formatBytes(files.reduce((sum, { bytes }) => sum + bytes, 0));
  const state = existsSync(place)
    ? `there is a folder ${place}: npx maft data --task ${kind} checks it`
    : `not in ${place}: npx maft data --task ${kind} --fetch downloads ${size}, or see ${homepage}`;
  const known = notice === undefined ? '' : `  ${notice}\n`;
  return `${title}. Licence: ${licence}\n  expected: ${expected}\n${known}  ${state}`;
}
