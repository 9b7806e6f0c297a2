import fc from 'fast-check';
import { rejectionOutcomes, type TrainingExample } from '../../src/contract/training';
import type { Transcript } from '../../src/contract/transcript';
import { selectTrainingSets, type SelectionSettings } from '../../src/domain/selection';
import { debate, failedDebate, selectionSettings as settings } from '../support/debates';

function select(transcripts: Transcript[], changed: Partial<SelectionSettings> = {}) {
  const { trainingSets, report } = selectTrainingSets(transcripts, { ...settings, ...changed });
  const keys = (agent: string) =>
    (trainingSets.get(agent) ?? []).map(({ problemId, round, set }) => `${problemId}/${round}/${set}`);
  const outcomes = (agent: string) => report.agents.find((each) => each.agent === agent)?.outcomes;
  return { trainingSets, report, keys, outcomes };
}

const problem = (problemId: string, ...answers: (string | null)[][]) => debate(answers, { problemId });

test('generation-n trains on its first answers that equal the vote, critic-n on its last ones', () => {
  const { keys, report } = select([problem('p1', ['1', '2', '1'], ['1', '1', '3'])]);
  expect(keys('generation-1')).toEqual(['p1/1/generation']);
  expect(keys('generation-2')).toEqual([]);
  expect(keys('generation-3')).toEqual(['p1/1/generation']);
  expect(keys('critic-1')).toEqual(['p1/2/consistent']);
  expect(keys('critic-2')).toEqual(['p1/2/corrected']);
  expect(keys('critic-3')).toEqual([]);
  expect(report.agents.map(({ agent, responses }) => [agent, responses])).toEqual([
    ['generation-1', 1],
    ['generation-2', 1],
    ['generation-3', 1],
    ['critic-1', 1],
    ['critic-2', 1],
    ['critic-3', 1],
  ]);
});

test("1. every agent is trained on its own responses, never on another agent's", () => {
  const { trainingSets } = select([
    problem('p1', ['1', '1', '1'], ['1', '1', '1']),
    problem('p2', ['1', '1', '1'], ['1', '1', '1']),
  ]);
  for (const [agent, examples] of trainingSets) {
    expect(examples.length).toBeGreaterThan(0);
    for (const { completion, messages, agent: named } of examples) {
      expect(named).toBe(agent);
      expect(completion).toContain(`${agent} says`);
      expect(messages[0]!.content).toContain(`asked of ${agent} in`);
    }
  }
});

test("6. an example's prompt is what was sent at that turn and never holds the turn's own response", () => {
  const { trainingSets } = select([problem('p1', ['2', '1', '1'], ['1', '1', '1'])]);
  for (const { messages, completion, agent, round } of [...trainingSets.values()].flat()) {
    expect(messages).toEqual([{ role: 'user', content: `p1 asked of ${agent} in round ${round}` }]);
    expect(messages.some(({ content }) => content.includes(completion))).toBe(false);
  }
});

test('7. the wrong first answer of a corrected example is no target', () => {
  const { trainingSets } = select([problem('p1', ['2', '1', '1'], ['1', '1', '1'])]);
  const completions = [...trainingSets.values()].flat().map(({ completion }) => completion);
  expect(completions.some((completion) => completion.includes('says 2'))).toBe(false);
  expect(trainingSets.get('critic-1')).toMatchObject([
    { set: 'corrected', round: 2, completion: expect.stringContaining('says 1') },
  ]);
});

test('an unparsable first answer counts as not equal to the vote: the problem is corrected', () =>
  expect(select([problem('p1', [null, '1', '1'], ['1', '1', '1'])]).keys('critic-1')).toEqual(['p1/2/corrected']));

test('every rejection is the first reason that applies', () => {
  const truncated = debate(
    [
      ['1', '1', '1'],
      ['1', '1', '1'],
    ],
    { problemId: 'p4', finishReason: (round) => (round === 1 ? 'length' : 'stop') },
  );
  const long = debate(
    [
      ['1', '1', '1'],
      ['1', '1', '1'],
    ],
    { problemId: 'p5', completionTokens: 91 },
  );
  const { outcomes } = select(
    [
      failedDebate([['1', '1', '1']], 'p0'),
      problem('p1', ['1', '1', '1'], [null, null, null]),
      problem('p2', [null, '1', '1'], ['1', '1', '1']),
      problem('p3', ['2', '1', '1'], ['1', '1', '1']),
      truncated,
      long,
      problem('p6', ['1', '1', '1'], ['1', '2', '3']),
    ],
    { minimumAgreement: 0.5, seed: 1 },
  );
  expect(outcomes('generation-1')).toMatchObject({
    failed: 1,
    'no-consensus': 1,
    unparsable: 1,
    truncated: 1,
    'too-long': 1,
  });
  expect(outcomes('generation-1')!['disagrees']).toBeGreaterThanOrEqual(1);
});

test('a consensus at or below the minimum agreement trains nobody, one above it does', () => {
  const split = [problem('p1', ['1', '1', '1'], ['1', '1', '2'])];
  expect(select(split, { minimumAgreement: 0.5 }).keys('generation-1')).toEqual(['p1/1/generation']);
  expect(select(split, { minimumAgreement: 0.7 }).outcomes('generation-1')).toEqual({ 'below-agreement': 1 });
  // A share of N: one of three parsed is a third, not everybody.
  const lonely = [problem('p1', ['1', '1', '1'], ['1', null, null])];
  expect(select(lonely, { minimumAgreement: 0.5 }).outcomes('critic-1')).toEqual({ 'below-agreement': 1 });
});

test('17. an example that does not fit is counted and left out, never cut; one that just fits is kept whole', () => {
  const fitting = debate([['1'], ['1']], { problemId: 'p1', completionTokens: 90 });
  const { outcomes, trainingSets } = select([fitting], { members: 1 });
  expect(outcomes('critic-1')).toEqual({ 'selected as consistent': 1 });
  expect(trainingSets.get('critic-1')![0]!.completion).toBe(fitting.rounds[1]!.turns[0]!.response);
  expect(select([fitting], { members: 1, maxLength: 99 }).outcomes('critic-1')).toEqual({ 'too-long': 1 });
});

test('a response cut at the token limit votes but is never a target', () => {
  const cut = debate(
    [
      ['1', '2', '1'],
      ['1', '2', '1'],
    ],
    { finishReason: (_, member) => (member === 3 ? 'length' : 'stop') },
  );
  const { keys, outcomes } = select([cut]);
  expect(cut.consensus).toMatchObject({ answer: '1', tieBroken: false });
  expect(keys('critic-1')).toHaveLength(1);
  expect(outcomes('critic-3')).toEqual({ truncated: 1 });
});

test('examples trained on a tie are counted', () => {
  const { report } = select([problem('p1', ['1', '2'], ['1', '2'])], { members: 2 });
  expect(report.consensus).toEqual({ agreed: 1, tieBroken: 1, none: 0, failed: 0 });
  expect(report.agents.reduce((sum, { trainedOnTie }) => sum + trainedOnTie, 0)).toBe(2);
});

test('training sets are sorted by problem, round and member whatever the order of the transcripts', () => {
  const transcripts = ['b', 'a10', 'a9', 'B'].map((id) => problem(id, ['1', '1', '1'], ['1', '1', '1']));
  const { keys, trainingSets } = select(transcripts);
  expect(keys('generation-1')).toEqual(['B', 'a10', 'a9', 'b'].map((id) => `${id}/1/generation`));
  expect(JSON.stringify([...select([...transcripts].reverse()).trainingSets])).toBe(JSON.stringify([...trainingSets]));
});

describe('three rounds', () => {
  const chain = (id: string, ...own: (string | null)[]) => problem(id, ...own.map((answer) => [answer, '1', '1']));
  const transcripts = [chain('p1', '2', '1', '1'), chain('p2', '1', '2', '1'), chain('p3', '1', '1', '2')];
  const three = { rounds: 3 };

  test('last-round leaves the middle rounds untrained, and says so', () => {
    const { keys, outcomes } = select(transcripts, three);
    expect(keys('critic-1')).toEqual(['p1/3/corrected', 'p2/3/consistent']);
    expect(outcomes('critic-1')).toEqual({
      'not-a-target': 3,
      disagrees: 1,
      'selected as corrected': 1,
      'selected as consistent': 1,
    });
  });

  test('critic-rounds trains on every round > 1 that agrees, one line per turn', () =>
    expect(select(transcripts, { ...three, criticTarget: 'critic-rounds' }).keys('critic-1')).toEqual([
      'p1/2/corrected',
      'p1/3/corrected',
      'p2/3/consistent',
      'p3/2/consistent',
    ]));

  test('all-rounds trains on the whole chain of a problem that ends right, its wrong answers included', () => {
    const { keys, report } = select(transcripts, { ...three, criticTarget: 'all-rounds' });
    expect(keys('critic-1')).toEqual([
      'p1/1/corrected',
      'p1/2/corrected',
      'p1/3/corrected',
      'p2/1/consistent',
      'p2/2/consistent',
      'p2/3/consistent',
    ]);
    expect(report.agents.find(({ agent }) => agent === 'critic-1')).toMatchObject({
      responses: 9,
      outcomes: { disagrees: 3 },
    });
    expect(keys('generation-1')).toEqual(['p2/1/generation', 'p3/1/generation']);
  });

  test('the lines of one problem are sampled together', () => {
    const many = Array.from({ length: 10 }, (_, index) => chain(`p${index}`, '2', '1', '1'));
    const { keys } = select(many, { ...three, criticTarget: 'critic-rounds', mixing: 'sample-each' });
    const problems = keys('critic-1').map((key) => key.split('/')[0]);
    expect(problems).toHaveLength(10);
    expect(new Set(problems).size).toBe(5);
  });
});

describe('one model for all (weights: one)', () => {
  const one = { weights: 'one' } as const;

  test('trains agent `shared` on all agreeing last-round responses with the round-1 prompt', () => {
    const { trainingSets, outcomes } = select([problem('p1', ['2', '1', '1'], ['1', '1', '3'])], one);
    expect([...trainingSets.keys()]).toEqual(['shared']);
    expect(trainingSets.get('shared')).toMatchObject([
      {
        member: 1,
        round: 2,
        set: 'majority',
        completion: expect.stringContaining('critic-1 says 1'),
        messages: [{ content: 'p1 asked of generation-1 in round 1' }],
      },
      { member: 2, round: 2, set: 'majority', messages: [{ content: 'p1 asked of generation-2 in round 1' }] },
    ]);
    expect(outcomes('shared')).toEqual({ 'not-a-target': 3, disagrees: 1, 'selected as majority': 2 });
  });

  test('with one round that is majority finetuning', () =>
    expect(select([problem('p1', ['2', '1', '1'])], { ...one, rounds: 1 }).keys('shared')).toEqual([
      'p1/1/majority',
      'p1/1/majority',
    ]));
});

describe('what decides', () => {
  const transcripts = [
    problem('p1', ['1', '2', '1'], ['1', '1', null]),
    problem('p2', ['1', '2', '3'], [null, null, null]),
  ];

  test('select: none keeps every untruncated response of the target round, also where nobody agrees', () => {
    const { keys, outcomes } = select(transcripts, { select: 'none', minimumAgreement: 0 });
    expect(keys('generation-2')).toEqual(['p1/1/own', 'p2/1/own']);
    expect(keys('critic-3')).toEqual(['p1/2/own', 'p2/2/own']);
    expect(outcomes('critic-3')).toEqual({ 'selected as own': 2 });
  });

  test('select: reference follows the verdicts, not the vote', () => {
    const { trainingSets } = selectTrainingSets(
      transcripts,
      { ...settings, select: 'reference' },
      (_, answer) => answer === '2',
    );
    expect(trainingSets.get('generation-2')!.map(({ problemId }) => problemId)).toEqual(['p1', 'p2']);
    expect(trainingSets.get('generation-1')).toEqual([]);
  });

  test('label-free: with select: consensus a reference verdict is refused', () => {
    expect(() => selectTrainingSets(transcripts, settings, () => true)).toThrow(/reference/);
    expect(() => selectTrainingSets(transcripts, { ...settings, select: 'reference' })).toThrow(/reference/);
  });

  test('weights: none trains nobody', () => expect(select(transcripts, { weights: 'none' }).report.agents).toEqual([]));
});

describe('one model that learns what every agent would (sharedTargets: every-agent)', () => {
  const union = { weights: 'one', sharedTargets: 'every-agent' } as const;
  const transcripts = [
    problem('p1', ['2', '1', '1'], ['1', '1', '3']),
    problem('p2', ['1', '1', '1'], ['1', '1', '1']),
  ];

  test('is trained on the union of their sets, each example with the prompt as it was sent', () => {
    const own = select(transcripts);
    const { trainingSets } = select(transcripts, union);
    const withoutAgent = (examples: TrainingExample[]) =>
      examples.map(({ agent: _, ...example }) => JSON.stringify(example)).sort();
    expect(withoutAgent(trainingSets.get('shared')!)).toEqual(withoutAgent([...own.trainingSets.values()].flat()));
    expect(trainingSets.get('shared')!.every(({ agent }) => agent === 'shared')).toBe(true);
  });

  test("each critic's two sides are mixed as if it were trained by itself", () => {
    const many = Array.from({ length: 8 }, (_, index) => problem(`p${index}`, ['2', '1', '1'], ['1', '1', '1']));
    const mixed = { mixing: 'sample-each', correctedShare: 0.5 } as const;
    const own = select(many, mixed);
    const lines = [...own.trainingSets.values()]
      .flat()
      .map(({ problemId, member, round }) => [problemId, member, round]);
    const shared = select(many, { ...mixed, ...union }).trainingSets.get('shared')!;
    expect(new Set(shared.map(({ problemId, member, round }) => `${problemId}/${member}/${round}`))).toEqual(
      new Set(lines.map((line) => line.join('/'))),
    );
  });

  test('every response of the debate is accounted for once', () => {
    const { report } = select(transcripts, union);
    expect(report.agents.map(({ agent, responses }) => [agent, responses])).toEqual([['shared', 12]]);
  });
});

describe('who answers the later rounds', () => {
  const answers = [
    ['2', '1', '1'],
    ['1', '1', '1'],
  ];

  test('without critics there is D^G only: later rounds train nobody', () => {
    const { report, keys, outcomes } = select([debate(answers, { critics: 'generation' })], { critics: 'generation' });
    expect(report.agents.map(({ agent }) => agent)).toEqual(['generation-1', 'generation-2', 'generation-3']);
    expect(keys('generation-2')).toEqual(['problem-1/1/generation']);
    expect(outcomes('generation-2')).toEqual({ 'not-a-target': 1, 'selected as generation': 1 });
  });

  test('untuned critics speak, but have no training set', () =>
    expect(select([debate(answers)], { critics: 'untuned' }).report.agents.map(({ agent }) => agent)).toEqual([
      'generation-1',
      'generation-2',
      'generation-3',
    ]));
});

describe('hints (STaR)', () => {
  const star: Partial<SelectionSettings> = { members: 1, rounds: 1, weights: 'one', select: 'reference', hint: true };
  const asked = (own: string | null, then?: string | null) =>
    debate([[own]], { problemId: `${own}-${then}`, hinted: () => then });
  const choose = (...transcripts: Transcript[]) =>
    selectTrainingSets(transcripts, { ...settings, ...star }, referenceIsOne);

  test('a wrong answer that the hint made right is kept with the prompt that had no hint in it', () => {
    const { trainingSets } = choose(asked('2', '1'));
    expect(trainingSets.get('shared')).toEqual([
      expect.objectContaining({
        set: 'hinted',
        completion: '2-1: generation-1 says 1 to the hint',
        messages: [{ role: 'user', content: '2-1 asked of generation-1 in round 1' }],
      }),
    ]);
    expect(JSON.stringify([...trainingSets])).not.toContain('reference as a hint');
  });

  test('own and hinted response have an outcome each; one that stays wrong trains nobody', () => {
    const { report } = choose(asked('1'), asked('2', '1'), asked('2', '3'), asked(null, null));
    expect(report.agents).toMatchObject([
      {
        agent: 'shared',
        responses: 7,
        outcomes: { disagrees: 3, unparsable: 2, 'selected as hinted': 1, 'selected as majority': 1 },
      },
    ]);
  });

  test('the hint to an answer that was right is no target', () =>
    expect(choose(asked('1', '1')).report.agents[0]!.outcomes).toEqual({
      'not-a-target': 1,
      'selected as majority': 1,
    }));

  test('other methods do not look at hinted responses', () =>
    expect(select([asked('2', '1')], { members: 1, rounds: 1 }).outcomes('generation-1')).toEqual({
      'selected as generation': 1,
    }));
});

describe('equal training data', () => {
  const many = Array.from({ length: 20 }, (_, index) => problem(`p${index}`, ['1', '1', '1'], ['1', '1', '1']));

  test('matchTrajectories keeps that many examples of every set, the rest is not sampled', () => {
    const { report, outcomes } = select(many, { matchTrajectories: 7 });
    expect(report.agents.map(({ examples }) => examples)).toEqual([7, 7, 7, 7, 7, 7]);
    expect(outcomes('critic-2')).toEqual({ 'not-sampled': 13, 'selected as consistent': 7 });
  });

  test('matchTrainingTokens keeps as many completion tokens at most', () => {
    const { report } = select(many, { matchTrainingTokens: 33 });
    expect(report.agents.map(({ completionTokens }) => completionTokens)).toEqual([30, 30, 30, 30, 30, 30]);
  });

  test('which ones is drawn by the seed, agent by agent', () => {
    const first = select(many, { matchTrajectories: 7 });
    expect(first.keys('generation-1')).not.toEqual(
      select(many, { matchTrajectories: 7, seed: 1 }).keys('generation-1'),
    );
    expect(first.keys('generation-1')).not.toEqual(first.keys('generation-2'));
  });

  test('a smaller set is taken whole', () =>
    expect(select(many, { matchTrajectories: 21, matchTrainingTokens: 100 }).keys('generation-1')).toHaveLength(20));
});

test('10. an agent without examples gets an empty set, and the report says so', () => {
  const { trainingSets, report } = select([problem('p1', ['1', '1', '1'], [null, null, null])]);
  expect([...trainingSets.values()].every((examples) => examples.length === 0)).toBe(true);
  expect(report.agents.every(({ examples, outcomes }) => examples === 0 && outcomes['no-consensus'] === 1)).toBe(true);
});

const answer = fc.option(fc.constantFrom('1', '2', '3'));
const society = fc.record({
  members: fc.integer({ min: 1, max: 5 }),
  rounds: fc.integer({ min: 1, max: 4 }),
  problems: fc.integer({ min: 0, max: 8 }),
  critics: fc.constantFrom('own' as const, 'generation' as const, 'untuned' as const),
});

/** Wrong and missing first answers were asked again; every other one was then right. */
const hinted = (round: number, member: number, own: string | null) =>
  round === 1 && own !== '1' ? (member % 2 === 0 ? '1' : '2') : undefined;

const scenario = society.chain(({ members, rounds, problems, critics }) =>
  fc
    .record({
      answers: fc.array(
        fc.array(fc.array(answer, { minLength: members, maxLength: members }), {
          minLength: rounds,
          maxLength: rounds,
        }),
        { minLength: problems, maxLength: problems },
      ),
      chosen: fc.record({
        method: fc.constant('any'),
        members: fc.constant(members),
        rounds: fc.constant(rounds),
        weights: fc.constantFrom('none', 'one', 'per-agent'),
        critics: fc.constant(critics),
        sharedTargets: fc.constantFrom('last-round', 'every-agent'),
        hint: fc.boolean(),
        select: fc.constantFrom('consensus', 'none', 'reference'),
        correctedShare: fc.integer({ min: 0, max: 20 }).map((part) => part / 20),
        mixing: fc.constantFrom('sample-each', 'exact-share', 'weighted-loss'),
        criticTarget: fc.constantFrom('last-round', 'critic-rounds', 'all-rounds'),
        minimumAgreement: fc.constantFrom(0, 0.5, 1),
        seed: fc.nat(5),
        iteration: fc.constant(1),
        maxLength: fc.constant(100),
        matchTrainingTokens: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
        matchTrajectories: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      }) as fc.Arbitrary<SelectionSettings>,
    })
    .map(({ answers, chosen }) => {
      const settings = possible(chosen);
      const asked = settings.hint ? { hinted } : {};
      const transcripts = answers.map((given, index) =>
        debate(given, { problemId: `p${index}`, critics: settings.critics, ...asked }),
      );
      return { transcripts, chosen: settings };
    }),
);

/** What the specification refuses gives way: hints without references or in a debate, first responses twice in a union. */
function possible(chosen: SelectionSettings): SelectionSettings {
  const hint = chosen.hint && chosen.select === 'reference' && chosen.rounds === 1;
  const union = chosen.weights === 'one' && chosen.sharedTargets === 'every-agent';
  return {
    ...chosen,
    hint,
    criticTarget: union && chosen.criticTarget === 'all-rounds' ? 'last-round' : chosen.criticTarget,
    critics: chosen.weights === 'one' && chosen.critics === 'untuned' ? 'own' : chosen.critics,
  };
}

const referenceIsOne = (_: string, given: string) => given === '1';

function selectAny(transcripts: Transcript[], chosen: SelectionSettings) {
  return selectTrainingSets(transcripts, chosen, chosen.select === 'reference' ? referenceIsOne : undefined);
}

/** Responses in a transcript that belong to an agent, or to everybody for the one model. */
function responsesOwned(agent: string, { members, rounds, critics, criticTarget }: SelectionSettings): number {
  if (agent === 'shared') return members * rounds;
  if (agent.startsWith('generation')) return critics === 'generation' ? rounds : 1;
  return rounds - (criticTarget === 'all-rounds' ? 0 : 1);
}

test('11. for any N, M, w and settings every response of every agent has exactly one outcome and the sums match', () =>
  fc.assert(
    fc.property(scenario, ({ transcripts, chosen }) => {
      const { trainingSets, report } = selectAny(transcripts, chosen);
      for (const { agent, responses, outcomes, examples } of report.agents) {
        const asked = transcripts
          .flatMap(({ rounds }) => rounds.flatMap(({ turns }) => turns))
          .filter((turn) => turn.hinted !== undefined && (agent === 'shared' || turn.agent === agent));
        expect(responses).toBe(transcripts.length * responsesOwned(agent, chosen) + asked.length);
        const entries = Object.entries(outcomes);
        expect(entries.reduce((sum, [, number]) => sum + number, 0)).toBe(responses);
        const selected = entries
          .filter(([outcome]) => outcome.startsWith('selected as'))
          .reduce((sum, [, number]) => sum + number, 0);
        expect(selected).toBe(examples);
        expect(trainingSets.get(agent)).toHaveLength(examples);
        const known = new Set<string>(rejectionOutcomes);
        expect(entries.every(([outcome]) => outcome.startsWith('selected as') || known.has(outcome))).toBe(true);
      }
    }),
  ));

test('keys are unique, weights average 1 and the sets are the same for any order of the problems', () =>
  fc.assert(
    fc.property(scenario, ({ transcripts, chosen }) => {
      const { trainingSets, report } = selectAny(transcripts, chosen);
      for (const examples of trainingSets.values()) {
        const key = ({ problemId, member, round }: TrainingExample) => `${problemId}/${member}/${round}`;
        expect(new Set(examples.map(key)).size).toBe(examples.length);
        const total = examples.reduce((sum, { weight }) => sum + weight, 0);
        if (examples.length > 0) expect(total / examples.length).toBeCloseTo(1, 9);
        expect(examples.length).toBeLessThanOrEqual(chosen.matchTrajectories ?? Infinity);
      }
      for (const { completionTokens } of report.agents)
        expect(completionTokens).toBeLessThanOrEqual(chosen.matchTrainingTokens ?? Infinity);
      const again = selectAny([...transcripts].reverse(), chosen);
      expect(JSON.stringify([[...again.trainingSets], again.report])).toBe(JSON.stringify([[...trainingSets], report]));
    }),
  ));
