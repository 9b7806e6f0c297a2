/** Reads a run specification from a YAML (or JSON) file. */
import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { InvalidRunSpec } from '../errors';

/**
 * The file's content, not yet validated: that is `resolveSpecification`'s. Throws `InvalidRunSpec` where the file cannot
 * be read or is no YAML, with file, line and column.
 */
export async function loadSpecificationFile(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InvalidRunSpec([
      `${path}: cannot be read (${error.code ?? error.message}); give the path of a YAML or JSON file`,
    ]);
  });
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const problems = document.errors.map(({ pos: [offset], message }) => {
    const { line, col } = lineCounter.linePos(offset);
    return `${path}:${line}:${col}: ${message.replaceAll(/\s+/g, ' ')}`;
  });
  if (problems.length > 0) throw new InvalidRunSpec(problems);
  return contentOf(path, () => document.toJS({ maxAliasCount: 100 }) as unknown);
}

/** Unknown anchors and alias bombs show only when the document becomes values. */
function contentOf(path: string, toValues: () => unknown): unknown {
  try {
    return toValues();
  } catch (error) {
    throw new InvalidRunSpec([`${path}: ${(error as Error).message}`]);
  }
}
