/** JSON lines of our own making: one object a line, a newline behind each. */

/** Parses them; the file's digest has been checked before, so a line that does not parse is a bug. */
export function parseLines<Line>(bytes: Buffer): Line[] {
  const lines = bytes.toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}

export function formatLines(lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
