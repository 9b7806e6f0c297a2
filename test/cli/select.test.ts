import { Command } from 'commander';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { register, select, type SelectOptions } from '../../src/cli/select';
import type { TrainingExample } from '../../src/contract/training';
import type { Transcript } from '../../src/contract/transcript';
import { DatasetError, InvalidRunSpec } from '../../src/errors';
import { debate, failedDebate } from '../support/debates';

const folder = mkdtempSync(join(tmpdir(), 'maft-select-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function write(lines: (object | string)[]): string {
  const path = join(folder, `file-${(files += 1)}.jsonl`);
  writeFileSync(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n') + '\n');
  return path;
}

async function run(transcripts: (object | string)[], changed: Partial<SelectOptions> = {}) {
  const out = join(folder, `out-${(files += 1)}`);
  const options = {
    transcripts: [write(transcripts)],
    task: 'arithmetic' as const,
    method: 'multiagent-finetuning',
    out,
    ...changed,
  };
  const { report } = await select(options);
  const read = (agent: string): TrainingExample[] =>
    readFileSync(join(options.out, `${agent}.jsonl`), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as TrainingExample);
  return { report, out: options.out, read };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
const voted = [
  debate(
    [
      ['1', '2', '1'],
      ['1', '1', '1'],
    ],
    { problemId: 'p1' },
  ),
  debate(
    [
      ['1', '1', '1'],
      ['1', '1', null],
    ],
    { problemId: 'p2' },
  ),
];
/** As an outside program may write them: no votes, no answers. */
const bare = (transcript: Transcript): object => {
  const { consensus: _consensus, iteration: _iteration, ...rest } = transcript;
  const rounds = rest.rounds.map(({ round, turns }) => ({
    round,
    turns: turns.map(({ answer, agrees: _agrees, ...turn }) => ({ ...turn, response: `so #${answer ?? ''}` })),
  }));
  return { ...rest, rounds };
};

test('writes one file per agent, empty ones too, and selection.json, and nothing else', async () => {
  const { out, report } = await run(voted);
  const agents = ['critic-1', 'critic-2', 'critic-3', 'generation-1', 'generation-2', 'generation-3'];
  expect(readdirSync(out).sort()).toEqual([...agents.map((agent) => `${agent}.jsonl`), 'selection.json'].sort());
  expect(JSON.parse(readFileSync(join(out, 'selection.json'), 'utf8'))).toEqual(report);
});

test('an example line has the documented fields in the documented order', async () => {
  const { read } = await run(voted, { method: write(['{"mixing": "weighted-loss"}']) });
  expect(JSON.stringify(read('generation-1')[0])).toBe(
    '{"problemId":"p1","iteration":1,"agent":"generation-1","member":1,"round":1,"set":"generation",' +
      '"messages":[{"role":"user","content":"p1 asked of generation-1 in round 1"}],' +
      '"completion":"p1: generation-1 says 1 in round 1","weight":1}',
  );
  expect(read('critic-2').map(({ set }) => set)).toEqual(['corrected', 'consistent']);
});

test('a folder that cannot be made is refused before anything is read', async () => {
  const file = write([]);
  const error = await failure(run(voted, { out: join(file, 'below'), transcripts: ['there-is-none.jsonl'] }));
  expect(error).toMatchObject({
    name: 'InvalidRunSpec',
    message: expect.stringMatching(/--out: .* cannot be made \(ENOTDIR\)/),
  });
});

test('lines without votes or answers are parsed and voted on anew, with the same result', async () => {
  const fresh = await run(voted.map(bare), { method: 'single-agent' });
  const known = await run(voted, { method: 'single-agent' });
  expect(fresh.report).toEqual(known.report);
});

test('a recorded answer stands: null means unparsable and is not parsed anew', async () => {
  const [first] = voted as [Transcript];
  const silenced = structuredClone(first);
  silenced.rounds[1]!.turns[0] = { ...silenced.rounds[1]!.turns[0]!, answer: null, agrees: false, response: '#1' };
  const { report } = await run([silenced]);
  expect(report.agents.find(({ agent }) => agent === 'critic-1')!.outcomes).toEqual({ unparsable: 1 });
});

test('members and rounds come from the transcripts, also where failed debates come first', async () => {
  const five = [failedDebate([['1', '1']], 'p0'), debate([['1'], ['1'], ['1']], { problemId: 'p1' })];
  const { report } = await run(five);
  expect(report.agents.map(({ agent }) => agent)).toEqual(['generation-1', 'critic-1']);
  expect(report).toMatchObject({ problems: 2, consensus: { agreed: 1, failed: 1 } });
});

test("the iteration is the option's, else the lines', else 1, and part of every example", async () => {
  const later = voted.map((transcript) => ({ ...transcript, iteration: 3 }));
  expect((await run(later)).report.iteration).toBe(3);
  expect((await run(later, { iteration: 2 })).read('generation-1')[0]!.iteration).toBe(2);
  expect((await run(voted.map(bare))).report.iteration).toBe(1);
  expect(await failure(run([voted[0]!, later[1]!]))).toMatchObject({
    message: expect.stringMatching(/:2: iteration is 3/),
  });
});

test('16. the same input and seed give the same bytes, whatever the order of the files; another seed does not', async () => {
  const many = Array.from({ length: 40 }, (_, index) =>
    debate(
      [
        ['1', '1', '1'],
        ['1', '1', '1'],
      ],
      { problemId: `p${index}` },
    ),
  );
  const bytes = async (order: Transcript[], seed: number) =>
    readFileSync(join((await run(order, { seed })).out, 'critic-1.jsonl'), 'utf8');
  const first = await bytes(many, 0);
  expect(await bytes([...many].reverse(), 0)).toBe(first);
  expect(await bytes(many, 1)).not.toBe(first);
});

test('U+2028 inside a response is text, not the end of a line', async () => {
  const odd = structuredClone(voted[0]!);
  odd.rounds[0]!.turns[0]!.response = 'one\u2028two';
  expect((await run([JSON.stringify(odd)])).read('generation-1')[0]!.completion).toBe('one\u2028two');
});

test.each<[string, (object | string)[], RegExp]>([
  ['no JSON', ['{"problemId":'], /:1: is not JSON/],
  ['an unknown field', [{ ...voted[0]!, reference: '1' }], /:1: .*reference/],
  ['a wrong type', [voted[0]!, { ...voted[1]!, problemId: 7 }], /:2: problemId: /],
  ['a problem twice', [voted[0]!, voted[0]!], /:2: problem "p1" was in .*:1 already/],
  ['evaluation problems', [{ ...voted[0]!, split: 'eval' }], /:1: split is "eval": only .* training/],
  ['debates of several sizes', [voted[0]!, debate([['1', '1']], { problemId: 'p9' })], /:2: the debate has 1 rounds/],
  [
    'rounds out of order',
    [{ ...voted[0]!, rounds: [...voted[0]!.rounds].reverse() }],
    /:1: rounds\.0: round must be 1/,
  ],
  [
    'a consensus nobody voted for',
    [{ ...voted[0]!, consensus: { kind: 'agreed', answer: '9', votes: [], tieBroken: false } }],
    /:1: consensus\.answer "9"/,
  ],
])('%s is refused with file and line', async (_, lines, message) => {
  const error = await failure(run(lines));
  expect(error).toBeInstanceOf(DatasetError);
  expect(error!.message).toMatch(message);
});

test('2. transcripts of evaluation problems never train anybody', async () =>
  expect(await failure(run([{ ...voted[0]!, split: 'eval.gsm8k' }]))).toBeInstanceOf(DatasetError));

test('select: reference needs reference answers, everything else refuses them', async () => {
  const method = write(['select: reference']);
  const references = write([
    { id: 'p1', answer: '2' },
    { id: 'p2', answer: '1' },
  ]);
  const { read, report } = await run(voted, { method, references });
  expect(report.select).toBe('reference');
  expect(read('generation-2').map(({ problemId }) => problemId)).toEqual(['p1', 'p2']);
  expect((await failure(run(voted, { method })))!.message).toMatch(/^--references: missing/);
  expect((await failure(run(voted, { references })))!.message).toMatch(
    /^--references: .* refused with `select: consensus`/,
  );
  expect((await failure(run(voted, { method, references: write([{ id: 'p1', answer: '2' }]) })))!.message).toMatch(
    /no answer of problem "p2"/,
  );
});

test('a method is a preset, method settings or a specification; anything else says what there is', async () => {
  expect((await run(voted, { method: 'majority-finetuning' })).report.agents.map(({ agent }) => agent)).toEqual([
    'shared',
  ]);
  const specification = write([
    'task: {kind: arithmetic}\nmodel: {base: tiny}\nseed: 4\nfinetuning: {maxLength: 12}\n',
  ]);
  const { report } = await run(voted, { method: specification });
  expect(report).toMatchObject({
    seed: 4,
    agents: expect.arrayContaining([expect.objectContaining({ agent: 'critic-1', outcomes: { 'too-long': 2 } })]),
  });
  for (const [method, message] of [
    ['singleagent', /did you mean "single-agent"/],
    ['debate', /does not train/],
    [write(['weigths: one']), /did you mean "weights"/],
  ] as const) {
    const error = await failure(run(voted, { method }));
    expect(error).toBeInstanceOf(InvalidRunSpec);
    expect(error!.message).toMatch(message);
  }
});

test('15. a folder that holds other training sets is refused, the same ones are written again', async () => {
  const out = join(folder, 'shared-out');
  await run(voted, { out });
  await run(voted, { out });
  expect((await failure(run(voted, { out, method: 'single-agent' })))!.message).toMatch(
    /holds critic-1\.jsonl, .* from elsewhere/,
  );
  mkdirSync(join(folder, 'empty'));
  await run(voted, { out: join(folder, 'empty') });
});

test('the command line takes several files and refuses an unknown task or a bad seed', async () => {
  const parse = async (...words: string[]) => {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    register(program);
    for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => undefined });
    const written = jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
    try {
      await program.parseAsync(['select', ...words], { from: 'user' });
      return written.mock.calls.map(([text]) => String(text)).join('');
    } finally {
      written.mockRestore();
    }
  };
  const common = ['--transcripts', write([voted[0]!]), write([voted[1]!]), '--out', join(folder, 'by-words')];
  expect(JSON.parse(await parse(...common, '--task', 'arithmetic', '--json'))).toMatchObject({ problems: 2, seed: 0 });
  expect(await parse(...common, '--task', 'arithmetic')).toMatch(/2 problems, 2 agreed/);
  await expect(parse(...common, '--task', 'arithmetik')).rejects.toThrow(/did you mean "arithmetic"/);
  await expect(parse(...common, '--task', 'arithmetic', '--seed', '-1')).rejects.toThrow(/whole number/);
});

describe('every method that trains somebody, on the same files', () => {
  const mixed = [
    ...voted,
    debate(
      [
        [null, '2', '2'],
        ['2', '2', '2'],
      ],
      { problemId: 'p3' },
    ),
  ];

  test.each([
    ['multiagent-finetuning', 6],
    ['without-summary', 6],
    ['cooperative', 6],
    ['no-interaction', 6],
    ['single-agent', 1],
    ['single-agent-temperature', 1],
    ['unique-id-tuned', 1],
    ['majority-finetuning', 1],
  ])('%s accounts for every response and is the same for any order of the lines', async (method, agents) => {
    const first = await run(mixed, { method });
    const again = await run([...mixed].reverse(), { method });
    expect(first.report.agents).toHaveLength(agents);
    const sum = first.report.agents.reduce((total, { responses }) => total + responses, 0);
    expect(sum).toBe(mixed.length * 6);
    expect(again.report).toEqual(first.report);
    for (const { agent } of first.report.agents) expect(again.read(agent)).toEqual(first.read(agent));
  });

  test.each(['base', 'debate', 'majority', 'unique-id', 'varied-prompts'])(
    '%s trains nobody, and says so',
    async (method) => expect((await failure(run(mixed, { method })))?.message).toMatch(/does not train/),
  );

  test('without-critics reads transcripts whose later rounds the generation agents answered, and no others', async () => {
    const answers = [
      ['1', '1', '2'],
      ['1', '1', '1'],
    ];
    const { report } = await run([debate(answers, { critics: 'generation' })], { method: 'without-critics' });
    expect(report.agents.map(({ agent }) => agent)).toEqual(['generation-1', 'generation-2', 'generation-3']);
    expect((await failure(run([debate(answers)], { method: 'without-critics' })))?.message).toMatch(
      /critic-1 spoke for member 1, but with method\.critics "generation" it is generation-1/,
    );
  });

  test('five-agents follows the transcripts: members come from there', async () => {
    const { report } = await run(mixed, { method: 'five-agents' });
    expect(report.agents).toHaveLength(6);
  });
});

describe('star', () => {
  const asked = (problemId: string, own: string | null, then?: string | null) =>
    debate([[own]], { problemId, hinted: () => then });
  const lines = [asked('p1', '7'), asked('p2', '8', '7'), asked('p3', null, '9')];
  const references = () => write(['p1', 'p2', 'p3'].map((id) => ({ id, answer: '7' })));

  test('needs references, keeps right answers and those that the hint made right', async () => {
    const { report, read } = await run(lines, { method: 'star', references: references() });
    expect(read('shared').map(({ problemId, set }) => [problemId, set])).toEqual([
      ['p1', 'majority'],
      ['p2', 'hinted'],
    ]);
    expect(report.agents[0]!.responses).toBe(5);
    expect((await failure(run(lines, { method: 'star' })))?.message).toMatch(/--references: missing/);
  });

  test('parses what was said to a hint where its answer is not recorded', async () => {
    const [, line] = structuredClone(lines) as [Transcript, Transcript];
    const turn = line.rounds[0]!.turns[0]!;
    const { answer: _, ...unparsed } = { ...turn.hinted!, response: 'that is #7' };
    const rounds = [{ round: 1, turns: [{ ...turn, hinted: unparsed }] }];
    const { read } = await run([{ ...line, rounds }], { method: 'star', references: references() });
    expect(read('shared')).toMatchObject([{ set: 'hinted', completion: 'that is #7' }]);
  });
});
