/** Who is asked by `maft probe-critics`, with which task and prompts, and what it prints. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { probeResult, probeText } from '../../src/cli/probe/output';
import { probeSubject, type ProbeRequest } from '../../src/cli/probe/subject';
import type { ProbeOutcome } from '../../src/contract/critic-reading';
import { cellsOf, criticReading } from '../../src/domain/measures/critic-reading';
import { repositoryRoot } from '../../src/machine/paths';
import { findBaseModel } from '../../src/machine/setup/model-folder';

const folder = mkdtempSync(path.join(tmpdir(), 'maft-probe-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const store = new FileArtifactStore(folder);
const file = (name: string, content: unknown) => {
  const written = path.join(folder, name);
  writeFileSync(written, JSON.stringify(content));
  return written;
};
const findBase = (name: string) => Promise.resolve().then(() => findBaseModel(name));
const nothing = { problems: undefined, seed: undefined, prompts: undefined, findBase };
const subject = (request: Partial<ProbeRequest>) =>
  probeSubject(store, { ...nothing, name: 'gpt-small', endpoint: 'host', task: { kind: 'gsm8k' }, ...request });
const tiny = { name: 'models/tiny-arithmetic', endpoint: 'embedded' };
const refusal = (request: Partial<ProbeRequest>) => subject(request).then(String, (error: Error) => error.message);

test('a base model takes all roles of a debate of three, with at most 200 problems', async () => {
  const { kind, society, specification } = await subject({});
  expect(kind).toBe('base');
  expect(new Set(Object.values(society.agents).map(({ model }) => model))).toEqual(new Set(['gpt-small']));
  expect(society).toMatchObject({ members: 3, summariser: 'gpt-small', promptSet: 'paper', summary: true });
  expect(specification).toMatchObject({ seed: 0, task: { kind: 'gsm8k', eval: 200 }, model: { endpoint: 'host' } });
});

test('a specification says how models are asked, and on what; what it compares or trains does not matter', async () => {
  const task = file('table.json', {
    ...{ methods: ['base', 'debate'], seeds: [4], baseline: 'debate', stopWhen: 'plateau' },
    tasks: [{ kind: 'arithmetic', max: 12, eval: 50 }, { kind: 'gsm8k' }],
    method: { summary: false, prompts: 'compact' },
    model: { base: 'models/other' },
    sampling: { temperature: 0.5 },
  });
  const { society, specification } = await subject({ task });
  expect(specification).toMatchObject({ task: { max: 12, eval: 50 }, model: { base: 'gpt-small', endpoint: 'host' } });
  expect(society).toMatchObject({ summary: false, promptSet: 'compact', sampling: { critic: { temperature: 0.5 } } });
});

test('a file may hold the settings of a task alone', async () => {
  const task = file('task.json', { kind: 'arithmetic', max: 7, eval: 900 });
  expect((await subject({ task })).specification.task).toMatchObject({ kind: 'arithmetic', max: 7, eval: 200 });
});

test('options win over the file', async () => {
  const task = path.join(repositoryRoot(), 'examples', 'demo.yaml');
  const { specification } = await subject({ task, problems: 500, seed: 9, prompts: 'paper' });
  expect(specification).toMatchObject({ seed: 9, task: { eval: 500, heldOut: true }, method: { prompts: 'paper' } });
});

test('a model that reads single characters is asked as the demo asks, and the reader is told', async () => {
  const { specification, notice } = await subject({ ...tiny, task: { kind: 'arithmetic' } });
  expect(specification).toMatchObject({
    task: { max: 10, heldOut: true, eval: 200 },
    method: { prompts: 'compact' },
    sampling: { critic: { topP: 1, maxTokens: 80 } },
  });
  expect(notice).toContain('examples/demo.yaml');
});

test.each([
  { name: 'no task', request: { task: undefined }, says: /^--task: missing/ },
  { name: 'no such base and no such run', request: { ...tiny, name: 'dmeo' }, says: /dmeo.*no run of the store/ },
  {
    name: 'no such society',
    request: { ...tiny, name: 'dmeo@2' },
    says: /^society: "dmeo@2" names no run of this store/,
  },
  {
    name: 'a task without prompts in the set',
    request: { ...tiny, task: 'no-such-file.yaml' },
    says: /cannot be read/,
  },
  {
    name: 'a method without critics',
    request: { task: file('vote.json', { task: { kind: 'gsm8k' }, method: 'majority' }) },
    says: /3 members and 1 rounds.*probe a method that debates/,
  },
])('refused: $name', async ({ request, says }) => expect(await refusal(request)).toMatch(says));

test('what is printed holds the estimates with their errors, the verdict, and what it was made with', async () => {
  const judged = cellsOf((own, others) => [own === 'right' || others === 'right']);
  const outcomes: ProbeOutcome[] = [
    ...Array.from({ length: 30 }, () => ({ kind: 'revised' as const, right: judged })),
    ...Array.from({ length: 19 }, () => ({ kind: 'alike' as const })),
    { kind: 'failed', reason: 'too long' },
  ];
  const found = criticReading(outcomes, { samples: 16, critics: 1 });
  const counts = { calls: 900, promptTokens: 1000, completionTokens: 500 };
  const made = { counts, seconds: 3.2, versions: { maft: '1' } };
  const result = probeResult(found, await subject({ ...tiny, task: { kind: 'arithmetic' } }), made);
  expect(JSON.parse(JSON.stringify(result))).toMatchObject({
    base: 'models/tiny-arithmetic',
    problems: 30,
    reading: { points: 100, standardError: 0 },
    copying: { points: 0, standardError: 0 },
    verdict: 'reads',
    ...{ seed: 1, counts },
  });
  const text = probeText(result, { ascii: true, width: 100 });
  expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  expect(text).toContain('30 of 50 problems had three right and three wrong among at most 16 first answers, 1 failed');
  expect(text).toContain('own answer wrong  100.0 +/- 0.0');
});
