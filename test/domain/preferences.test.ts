import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { TrainingExample } from '../../src/contract/training';
import type { FinishReason, Transcript } from '../../src/contract/transcript';
import { dataFormats, dataLine, lossOfFormat } from '../../src/domain/data-formats';
import { selectTrainingSets, type SelectionSettings } from '../../src/domain/selection';
import { repositoryRoot } from '../../src/machine/paths';
import { debate, selectionSettings } from '../support/debates';

const everyRole = (loss: 'supervised' | 'dpo' | 'kto') => ({ generation: loss, critic: loss, shared: loss });

const settings: SelectionSettings = {
  ...selectionSettings,
  method: 'preferences',
  losses: everyRole('dpo'),
};

/** All agents of a role are asked alike, as in a run; critics are not. */
function problem(
  problemId: string,
  answers: (string | null)[][],
  finishReason?: (round: number, member: number) => FinishReason,
) {
  const transcript = debate(answers, { problemId, finishReason });
  for (const turn of transcript.rounds[0]!.turns) turn.messages = [{ role: 'user', content: `${problemId}?` }];
  return transcript;
}

function select(transcripts: Transcript[], changed: Partial<SelectionSettings> = {}) {
  const { trainingSets, report } = selectTrainingSets(transcripts, { ...settings, ...changed });
  const outcomes = (agent: string) => report.agents.find((each) => each.agent === agent)!.outcomes;
  return { set: (agent: string) => trainingSets.get(agent) ?? [], outcomes, report };
}

const split = problem('p1', [
  ['1', '2', '1'],
  ['1', '1', '3'],
]);

test('a pair is an own response that agrees and another member`s that does not, to the same messages', () => {
  const { set, outcomes } = select([split]);
  expect(set('generation-1')).toMatchObject([
    {
      messages: [{ role: 'user', content: 'p1?' }],
      completion: 'p1: generation-1 says 1 in round 1',
      rejected: 'p1: generation-2 says 2 in round 1',
    },
  ]);
  expect(set('generation-3').map(({ rejected }) => rejected)).toEqual(['p1: generation-2 says 2 in round 1']);
  expect(outcomes('generation-2')).toEqual({ disagrees: 1 });
});

test('critics read different things: their responses make no pair', () => {
  const { set, outcomes } = select([split]);
  expect(set('critic-1')).toEqual([]);
  expect(outcomes('critic-1')).toEqual({ uncontested: 1 });
});

test('a problem on which all agree makes no pair, and is counted as uncontested', () =>
  expect(
    select([
      problem('p1', [
        ['1', '1', '1'],
        ['1', '1', '1'],
      ]),
    ]).outcomes('generation-1'),
  ).toEqual({ uncontested: 1 }));

test.each<[string, Transcript]>([
  [
    'unparsable',
    problem('p1', [
      ['1', null, '1'],
      ['1', '1', '1'],
    ]),
  ],
  [
    'cut',
    problem(
      'p1',
      [
        ['1', '2', '1'],
        ['1', '1', '1'],
      ],
      (round, member) => (round === 1 && member === 2 ? 'length' : 'stop'),
    ),
  ],
  [
    'filtered',
    problem(
      'p1',
      [
        ['1', '2', '1'],
        ['1', '1', '1'],
      ],
      (round, member) => (round === 1 && member === 2 ? 'filtered' : 'stop'),
    ),
  ],
])('an %s response is neither rejected nor undesirable', (_, transcript) => {
  expect(select([transcript]).set('generation-1')).toEqual([]);
  expect(select([transcript], { losses: everyRole('kto') }).set('generation-2')).toEqual([]);
});

test('the one model`s pairs are last responses under the prompt of round 1', () => {
  const { set } = select([split], { weights: 'one' });
  expect(set('shared').map(({ member, messages, rejected }) => [member, messages[0]!.content, rejected])).toEqual([
    [1, 'p1?', 'p1: critic-3 says 3 in round 2'],
    [2, 'p1?', 'p1: critic-3 says 3 in round 2'],
  ]);
});

test('which dissenting response is paired is drawn by seed, iteration, agent and problem', () => {
  const contested = (id: string) =>
    problem(id, [
      ['1', '2', '3'],
      ['1', '1', '1'],
    ]);
  const problems = Array.from({ length: 40 }, (_, index) => contested(`p${index}`));
  const drawn = (changed: Partial<SelectionSettings> = {}) =>
    select(problems, changed)
      .set('generation-1')
      .map(({ rejected }) => rejected!.includes('generation-2'));
  expect(drawn()).toEqual(drawn());
  expect(new Set(drawn()).size).toBe(2);
  expect(drawn({ seed: 1 })).not.toEqual(drawn());
  expect(drawn({ iteration: 2 })).not.toEqual(drawn());
});

test('kto: an agreeing response is desirable, a disagreeing one is not, critics` included; the sides of w stay', () => {
  const { set, outcomes } = select([split], { losses: everyRole('kto') });
  const labels = (agent: string) => set(agent).map((each) => [each.set, each.desirable]);
  expect(labels('generation-1')).toEqual([['generation', true]]);
  expect(labels('generation-2')).toEqual([['undesirable', false]]);
  expect(labels('critic-2')).toEqual([['corrected', true]]);
  expect(labels('critic-3')).toEqual([['undesirable', false]]);
  expect(outcomes('critic-3')).toEqual({ 'selected as undesirable': 1 });
});

test('a consensus too weak to train anybody makes no preference, either', () => {
  const weak = [
    problem('p1', [
      ['1', '2', '3'],
      ['1', '2', '3'],
    ]),
  ];
  for (const loss of ['dpo', 'kto'] as const) {
    const { report } = select(weak, { losses: everyRole(loss), minimumAgreement: 0.5 });
    expect(report.agents.map(({ examples }) => examples)).toEqual([0, 0, 0, 0, 0, 0]);
  }
});

test('a pair counts the tokens of both against the budget', () => {
  const { report } = select([split]);
  expect(report.agents[0]).toMatchObject({ examples: 1, completionTokens: 10 });
  expect(select([split], { matchTrainingTokens: 9 }).set('generation-1')).toEqual([]);
});

test('for any debates and loss every response has one outcome, and no prompt or label is made up', () => {
  const answer = fc.constantFrom('1', '2', null);
  const round = fc.array(answer, { minLength: 3, maxLength: 3 });
  const debates = fc.array(fc.array(round, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 6 });
  const mixing = fc.constantFrom<SelectionSettings['mixing']>('sample-each', 'exact-share', 'weighted-loss');
  const weights = fc.constantFrom<SelectionSettings['weights']>('one', 'per-agent');
  const property = fc.property(
    debates,
    fc.record({ weights, mixing, losses: fc.constantFrom(everyRole('dpo'), everyRole('kto')) }),
    (all, changed) => {
      const transcripts = all.map((answers, index) => problem(`p${index}`, answers));
      const { report, set } = select(transcripts, changed);
      for (const { agent, responses, examples } of report.agents) {
        expect(responses).toBe(transcripts.length * (agent === 'shared' ? 6 : 1));
        expect(set(agent)).toHaveLength(examples);
        for (const { problemId, member, round, completion, rejected, desirable } of set(agent)) {
          const turns = transcripts.find((each) => each.problemId === problemId)!.rounds[round - 1]!.turns;
          const said = (text: string) => turns.find(({ response }) => response === text)!;
          expect(said(completion).member).toBe(member);
          expect(said(completion).agrees).toBe(desirable ?? true);
          if (rejected !== undefined)
            expect(said(rejected)).toMatchObject({ agrees: false, answer: expect.any(String) });
        }
      }
    },
  );
  fc.assert(property, { numRuns: 60 });
});

/** What `test/python/test_exported_data.py` loads with `datasets` and hands to TRL: one fixture for both languages. */
describe('exported lines', () => {
  const debates = [
    split,
    problem('p2', [
      ['4', '4', '5'],
      ['4', '4', '4'],
    ]),
    problem('p3', [
      ['6', '6', '6'],
      ['6', '7', '6'],
    ]),
  ];

  test.each(dataFormats)('%s: the fixture holds what the examples of one model are written as', (format) => {
    const { set } = select(debates, { weights: 'one', losses: everyRole(lossOfFormat[format]) });
    const lines = set('shared').map((example) => `${dataLine(example, format)}\n`);
    expect(lines.length).toBeGreaterThan(0);
    const file = join(repositoryRoot(), 'test', 'fixtures', 'exported', `${format}.jsonl`);
    expect(existsSync(file) && readFileSync(file, 'utf8')).toBe(lines.join(''));
  });

  test('an example that was selected for another loss is refused', () => {
    const [example] = select(debates, { losses: everyRole('supervised') }).set('generation-1') as [TrainingExample];
    for (const format of ['dpo', 'kto', 'rewards'] as const)
      expect(() => dataLine(example, format)).toThrow(`not selected for ${format}`);
  });
});
