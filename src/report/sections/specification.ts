/** What the run was: resolved specification with the source of each value, seeds, versions, digests, how to do it again. */
import { html } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import { visibleLine } from '../../visible-text';
import type { PageSection } from '../section';
import { table } from '../table';

export function specificationSection({ run }: Report): PageSection {
  return {
    id: 'specification',
    title: 'Specification',
    content: [factsTable(run), valueTable(run), reproduction(run)],
  };
}

function factsTable(run: Report['run']): Html {
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
    columns: ['What', 'Value'],
    wordColumns: [1],
    groups: [
      {
        rows: facts.map(([name, value]) => ({
          header: visibleLine(name),
          cells: [html`<code>${visibleLine(value)}</code>`],
        })),
      },
    ],
  });
}

function valueTable({ specification, valueSources }: Report['run']): Html {
  const rows = flatten(specification).map(({ path, value }) => ({
    header: html`<code>${visibleLine(path)}</code>`,
    cells: [html`<code>${visibleLine(value)}</code>`, sourceOf(path, valueSources)],
  }));
  return html`<details>
    <summary>All settings as resolved (${rows.length}), and where each value came from</summary>
    ${table({ caption: 'The resolved specification.', columns: ['Setting', 'Value', 'Source'], wordColumns: [1, 2], groups: [{ rows }] })}
  </details>`;
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

function flatten(value: unknown, path = ''): { path: string; value: string }[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [{ path, value: JSON.stringify(value) ?? '' }];
  return Object.entries(value).flatMap(([key, child]) => flatten(child, path === '' ? key : `${path}.${key}`));
}

function reproduction(run: Report['run']): Html {
  const command = `npx maft run specification.json`;
  const workflowId = `maft/${run.runId}-again`;
  const temporal = `temporal workflow start --type multiagentFinetuning --task-queue maft --workflow-id ${shellWord(workflowId)} --input-file specification.json`;
  return html`<h3>Do it again</h3>
    <p>Save what was written, below, as <code>specification.json</code>, then run</p>
    <pre class="text">${command}</pre>
    <p>or, with workers running, start the workflow itself:</p>
    <pre class="text">${temporal}</pre>
    <p class="note">
      With the same versions on the same kind of processor with the same number of threads, texts and weights on CPU are
      the same byte for byte; on GPUs they are not promised to be.
    </p>
    <details>
      <summary>specification.json</summary>
      <pre class="text">${JSON.stringify(run.written, null, 2)}</pre>
    </details>`;
}

/** Quoted where a shell would read more than one plain word. */
function shellWord(word: string): string {
  const line = visibleLine(word);
  return /^[\w./-]+$/.test(line) ? line : `'${line.replace(/'/g, `'\\''`)}'`;
}
