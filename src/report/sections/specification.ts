/** What the run was: resolved specification with the source of each value, seeds, versions, digests, how to do it again. */
import { html, type Html } from '../../pages/html';
import { code, details, prose, section, table, type Block, type Optional, type Section } from '../../pages/page';
import { dottedPath, leafPaths, valueAt } from '../../specification/plain-objects';
import { visibleLine } from '../../visible-text';
import type { Report } from '../build-report';

export function specificationSection({ run }: Report): Section | null {
  return section('specification', 'Specification', [factsTable(run), valueTable(run), ...reproduction(run)]);
}

function factsTable(run: Report['run']) {
  const train = [...new Set(run.problems.train.map(({ sha256 }) => sha256))];
  const facts: [string, string][] = [
    ['Run', run.runId],
    ['Workflow', run.workflowId],
    ['Created', run.createdAt],
    ['Seed', String(run.specification.seed)],
    ['Specification (SHA-256)', run.specificationDigest],
    ['Evaluation problems (SHA-256)', run.problems.eval.sha256],
    ['Training problems (SHA-256)', train.join(', ') || 'none'],
    ...Object.entries(run.versions).map(([name, version]): [string, string] => [`Version of ${name}`, version]),
  ];
  return table({
    caption: 'Identity, seed and versions.',
    columns: [
      { head: 'What', of: ([name]) => name },
      { head: 'Value', holds: 'words', of: ([, value]) => code(value) },
    ],
    groups: [{ rows: facts }],
  });
}

function valueTable({ specification, valueSources }: Report['run']) {
  const paths = leafPaths(specification);
  return details(`All settings as resolved (${paths.length}), and where each value came from`, [
    table({
      caption: 'The resolved specification.',
      columns: [
        { head: 'Setting', of: (path) => code(dottedPath(path)) },
        { head: 'Value', holds: 'words', of: (path) => code(JSON.stringify(valueAt(specification, path))) },
        { head: 'Source', holds: 'words', of: (path) => sourceOf(dottedPath(path), valueSources) },
      ],
      groups: [{ rows: paths }],
    }),
  ]);
}

/** The source of a value, or of the nearest setting above it that has one. */
function sourceOf(path: string, sources: Record<string, string>): string {
  const parts = path.split('.');
  for (let length = parts.length; length > 0; length -= 1) {
    const prefix = parts.slice(0, length).join('.');
    if (Object.hasOwn(sources, prefix)) return sources[prefix] ?? '';
  }
  return 'not recorded';
}

function reproduction({ runId, written }: Report['run']): Optional<Block>[] {
  const temporal = `temporal workflow start --type multiagentFinetuning --task-queue maft --workflow-id ${shellWord(`maft/${runId}-again`)} --input-file specification.json`;
  return [
    prose('Do it again', 'heading'),
    prose('Save what was written, below, as `specification.json`, then run'),
    asWritten('npx maft run specification.json'),
    prose('or, with workers running, start the workflow itself:'),
    asWritten(temporal),
    prose(
      'With the same versions on the same kind of processor with the same number of threads, texts and weights on CPU are the same byte for byte; on GPUs they are not promised to be.',
      'note',
    ),
    details('specification.json', [asWritten(JSON.stringify(written, null, 2))]),
  ];
}

function asWritten(text: string): Html {
  return html`<pre class="text">${text}</pre>`;
}

/** Quoted if a shell would read more than one plain word. */
function shellWord(word: string): string {
  const line = visibleLine(word);
  return /^[\w./-]+$/.test(line) ? line : `'${line.replace(/'/g, `'\\''`)}'`;
}
