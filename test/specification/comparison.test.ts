import { comparisonJsonSchema } from '../../src/cli/schema';
import { comparisonInputSchema } from '../../src/contract/comparison';
import { comparisonPlan } from '../../src/domain/comparison-order';
import { type InvalidRunSpec } from '../../src/errors';
import { resolveSpecification } from '../../src/specification';
import { resolveComparison } from '../../src/specification/comparison';

const base = {
  name: 'table',
  task: { kind: 'arithmetic', max: 10, train: 20, eval: 10 },
  model: { base: 'models/tiny-arithmetic' },
  method: { prompts: 'compact', correctedShare: 0.25, minimumAgreement: 0.5 },
  iterations: 2,
  sampling: { temperature: 1, topP: 1, maxTokens: 80 },
  methods: ['base', 'majority', 'debate', 'majority-finetuning', 'multiagent-finetuning'],
};
const comparison = (changes: object = {}) => resolveComparison({ ...base, ...changes });
const groupsOf = (changes: object = {}) => comparison(changes).groups('table');
const problemsOf = (raw: unknown): string[] => {
  try {
    resolveComparison(raw);
    return [];
  } catch (error) {
    return (error as InvalidRunSpec).problems;
  }
};
const specificationsOf = (changes: object = {}) =>
  groupsOf(changes).flatMap(({ runs }) =>
    runs.map(({ specification }) => resolveSpecification(specification).specification),
  );

describe('the runs of a comparison', () => {
  it('are one for all untuned methods and one for each tuned one, a whole seed after the other', () => {
    expect(groupsOf({ seeds: [1, 2] }).map(({ runs }) => runs.map(({ runId }) => runId))).toEqual([
      ['table.untuned.s1', 'table.majority-finetuning.s1', 'table.multiagent-finetuning.s1'],
      ['table.untuned.s2', 'table.majority-finetuning.s2', 'table.multiagent-finetuning.s2'],
    ]);
  });

  it('carry the task in their id where there are several', () => {
    const tasks = [base.task, { ...base.task, max: 20 }, { name: 'large', ...base.task, max: 30 }];
    const groups = groupsOf({ task: undefined, tasks, methods: ['debate'] });
    expect(groups.map(({ task, runs }) => [task, runs[0]!.runId])).toEqual([
      ['arithmetic', 'table.untuned.arithmetic.s0'],
      ['arithmetic-2', 'table.untuned.arithmetic-2.s0'],
      ['large', 'table.untuned.large.s0'],
    ]);
  });

  it('reuse what the runs before them on the same task and seed were answered', () => {
    const [first, second, third] = specificationsOf();
    expect(first!.execution.reuseTurnsOf).toBeUndefined();
    expect(second!.execution.reuseTurnsOf).toEqual(['table.untuned.s0']);
    expect(third!.execution.reuseTurnsOf).toEqual(['table.untuned.s0', 'table.majority-finetuning.s0']);
  });

  it('read untuned methods off the largest debate, whose run draws the votes they need', () => {
    const methods = ['base', 'debate', { name: 'majority-of-9', preset: 'majority', members: 9 }, 'majority'];
    const [group] = groupsOf({ methods: [...methods, { name: 'majority-of-2', preset: 'majority', members: 2 }] });
    expect(Object.fromEntries(group!.readings.map(({ method, mode }) => [method, mode]))).toEqual({
      base: 'sample',
      debate: 'society',
      majority: 'vote-3',
      'majority-of-2': 'vote-2',
      'majority-of-9': 'vote-9',
    });
    const [untuned] = specificationsOf({ methods: [...methods, 'multiagent-finetuning'] });
    expect(untuned!.evaluation.votes).toEqual({ samples: ['equal-calls', 9, 3], at: 'first-and-last' });
  });

  it('read a majority of more members from a debate only where all members are told the same', () => {
    const methods = ['debate', { name: 'majority-of-9', preset: 'majority', members: 9 }];
    const runsFor = (instructions: unknown) => {
      const [group] = groupsOf({ methods, method: { prompts: 'compact', instructions } });
      return new Set(group!.readings.map(({ runId }) => runId)).size;
    };
    expect(['none', 'cooperative', { generation: 'Be brief.' }].map(runsFor)).toEqual([1, 1, 1]);
    const byMember = ['varied', 'unique-id', { generation: 'You are {member}.' }];
    expect(byMember.map(runsFor)).toEqual([2, 2, 2]);
  });

  it('draw votes at equal calls for every method, so that a debate always has its rival', () => {
    const [untuned, majority] = specificationsOf({ methods: ['base', 'majority-finetuning', 'multiagent-finetuning'] });
    expect(untuned!.evaluation.votes.samples).toEqual(['equal-calls', 9]);
    expect(majority!.evaluation.votes.samples).toEqual(['equal-calls', 9]);
    const [unwanted] = specificationsOf({ evaluation: { votes: { at: 'never' } }, methods: ['multiagent-finetuning'] });
    expect(unwanted!.evaluation.votes.at).toBe('never');
  });

  it('are apart where untuned methods ask anything else of the model', () => {
    const hot = { name: 'hot', preset: 'majority', sampling: { temperature: 1.5 } };
    const [group] = groupsOf({
      methods: ['debate', 'majority', hot, { name: 'full', preset: 'debate', summary: false }],
    });
    expect(group!.runs.map(({ runId }) => runId)).toEqual([
      'table.untuned.s0',
      'table.untuned-2.s0',
      'table.untuned-3.s0',
    ]);
    expect(new Set(group!.readings.map(({ method, runId }) => `${method}: ${runId}`))).toEqual(
      new Set([
        'debate: table.untuned.s0',
        'majority: table.untuned.s0',
        'full: table.untuned-2.s0',
        'hot: table.untuned-3.s0',
      ]),
    );
  });
});

describe('a method that names a task to train on', () => {
  const tasks = [
    { name: 'small', ...base.task },
    { name: 'large', ...base.task, max: 30 },
  ];
  const methods = [
    'debate',
    'multiagent-finetuning',
    { name: 'on-small', trainOn: 'small' },
    { name: 'on-large', trainOn: 'large' },
  ];
  const changes = { task: undefined, tasks, methods, seeds: [1, 2] };
  const runsOf = (more: object = {}) => groupsOf({ ...changes, ...more }).flatMap(({ runs }) => runs);
  const resolved = (runId: string) =>
    resolveSpecification(runsOf().find((run) => run.runId === runId)!.specification).specification;

  it('is an ordinary run on that task, the very one of a method that always trains on its own', () => {
    const [small, large] = groupsOf(changes);
    expect(small!.runs.map(({ runId }) => runId)).toEqual([
      'table.untuned.small.s1',
      'table.multiagent-finetuning.small.s1',
      'table.on-large.small.s1',
    ]);
    const readIn = (group: typeof small, method: string) =>
      group!.readings.filter((reading) => reading.method === method).map(({ runId, mode }) => `${runId} ${mode}`);
    expect(readIn(small, 'on-small')).toEqual(['table.multiagent-finetuning.small.s1 society']);
    expect(readIn(small, 'multiagent-finetuning')).toEqual(readIn(small, 'on-small'));
    expect(readIn(small, 'on-large')).toEqual(['table.on-large.small.s1 society']);
    expect(readIn(large, 'on-small')).toEqual(['table.on-small.large.s1 society']);
  });

  it('elsewhere is the society trained on its own task, and only answers the column’s problems', () => {
    const elsewhere = resolved('table.on-small.large.s1');
    expect(elsewhere).toMatchObject({ task: { max: 10 }, evalTask: { max: 30 }, seed: 1 });
    expect(elsewhere).toMatchObject({
      iterations: 0,
      model: { society: 'table.multiagent-finetuning.small.s1@last' },
      execution: { reuseTurnsOf: ['table.untuned.large.s1', 'table.multiagent-finetuning.large.s1'] },
    });
    expect(resolved('table.multiagent-finetuning.small.s1').evalTask).toBeUndefined();
  });

  it('elsewhere comes after the run of the same seed in which it is trained', () => {
    const after = runsOf().flatMap(({ runId, after }) => (after === undefined ? [] : [[runId, after]]));
    expect(after).toEqual([
      ['table.on-large.small.s1', 'table.multiagent-finetuning.large.s1'],
      ['table.on-small.large.s1', 'table.multiagent-finetuning.small.s1'],
      ['table.on-large.small.s2', 'table.multiagent-finetuning.large.s2'],
      ['table.on-small.large.s2', 'table.multiagent-finetuning.small.s2'],
    ]);
    const { groups } = comparisonPlan({ comparisonId: 'table', runsInFlight: 2, groups: groupsOf(changes) });
    expect(groups.map(({ task, seed }) => [task, seed])).toEqual([
      ['small, large', 1],
      ['small, large', 2],
    ]);
    expect(groups[0]!.runs).toEqual([
      'table.untuned.small.s1',
      'table.multiagent-finetuning.small.s1',
      'table.untuned.large.s1',
      'table.multiagent-finetuning.large.s1',
      'table.on-large.small.s1',
      'table.on-small.large.s1',
    ]);
  });

  it('has a run of its own where no other method comes to the same', () => {
    const own = runsOf({ methods: ['debate', { name: 'on-small', trainOn: 'small' }], seeds: [1] });
    expect(own.map(({ runId, after }) => [runId, after])).toEqual([
      ['table.untuned.small.s1', undefined],
      ['table.on-small.small.s1', undefined],
      ['table.untuned.large.s1', undefined],
      ['table.on-small.large.s1', 'table.on-small.small.s1'],
    ]);
  });

  it('changes neither the order nor the digest of a comparison without one', () => {
    const plain = groupsOf({ seeds: [1, 2] });
    const { groups } = comparisonPlan({ comparisonId: 'table', runsInFlight: 1, groups: plain });
    expect(groups).toEqual(plain.map(({ task, seed, runs }) => ({ task, seed, runs: runs.map(({ runId }) => runId) })));
    expect(comparison().methods.every((method) => !Object.hasOwn(method, 'trainOn'))).toBe(true);
  });

  it.each([
    [
      'a task that is none',
      { trainOn: 'smal' },
      'methods.0.trainOn: "smal" is not one of the tasks; did you mean "small"? (small, large)',
    ],
    ['no text', { trainOn: 3 }, 'methods.0.trainOn: 3 is not allowed; it must be the name of one of the tasks'],
    ['nobody trained', { preset: 'debate', trainOn: 'small' }, '"debate" does not train (method.weights none)'],
    ['evalTask', { evalTask: base.task }, 'methods.0.evalTask: the columns are the tasks to evaluate on'],
  ])('is refused: %s', (_, method, expected) => {
    expect(problemsOf({ ...base, ...changes, methods: [method] }).join('\n')).toContain(expected);
  });

  it('is refused where the runs of one seed are too many for one history', () => {
    const many = Array.from({ length: 32 }, (_, index) => ({ name: `t${index}`, ...base.task, max: 10 + index }));
    const ten = Array.from({ length: 10 }, (_, index) => ({ name: `m${index}`, members: 2 + index }));
    const problems = (first: object) =>
      problemsOf({ ...base, task: undefined, tasks: many, methods: [first, ...ten.slice(1)] });
    expect(problems({ ...ten[0], trainOn: 't0' })).toEqual([
      'methods: 320 runs for each seed (10 methods on 32 tasks); with `trainOn` or `teacher` at most 300',
    ]);
  });
});

describe('a method that has another as its teacher', () => {
  const taught = { name: 'distilled', preset: 'distilled', teacher: 'multiagent-finetuning' };
  const methods = ['debate', taught, 'multiagent-finetuning'];
  const changes = { methods, iterations: 3, seeds: [1, 2] };

  it('learns once, from the society with which the teacher’s run of the same seed ends', () => {
    const [first] = groupsOf(changes);
    const run = first!.runs.find(({ runId }) => runId === 'table.distilled.s1');
    expect(resolveSpecification(run!.specification).specification).toMatchObject({
      iterations: 1,
      seed: 1,
      method: { distil: true },
      model: { society: 'table.multiagent-finetuning.s1@last' },
    });
    expect(comparison(changes).methods[1]).toEqual({ ...taught, tuned: true });
  });

  it('follows its teacher’s run, wherever it stands in the list', () => {
    const { groups } = comparisonPlan({ comparisonId: 'table', runsInFlight: 2, groups: groupsOf(changes) });
    expect(groups.map(({ runs }) => runs)).toEqual([
      ['table.untuned.s1', 'table.multiagent-finetuning.s1', 'table.distilled.s1'],
      ['table.untuned.s2', 'table.multiagent-finetuning.s2', 'table.distilled.s2'],
    ]);
  });

  it('has another digest with another teacher', () => {
    const other = [...methods, { name: 'other', preset: 'multiagent-finetuning', members: 2 }];
    const digestWith = (teacher: string) =>
      comparison({ ...changes, methods: other.map((each) => (each === taught ? { ...taught, teacher } : each)) })
        .digest;
    expect(digestWith('other')).not.toBe(digestWith('multiagent-finetuning'));
  });

  const name = 'm';
  const preset = 'distilled';
  it.each([
    ['misspelt', { preset, teacher: 'multiagent-finetunin' }, 'did you mean "multiagent-finetuning"? (m, debate'],
    ['no text', { preset, teacher: 3 }, 'methods.0.teacher: 3 is not allowed; it must be the name of another method'],
    ['the method itself', { preset, teacher: name }, 'methods.0.teacher: "m" is the method itself'],
    ['taught itself', { preset, teacher: 'distilled' }, 'methods.0.teacher: "distilled" has a teacher of its own'],
    ['untuned', { preset, teacher: 'debate' }, '"debate" is impossible: it does not train (method.weights none)'],
    ['of no use', { preset: 'single-agent', teacher: 'multiagent-finetuning' }, '"m" learns from its own debates'],
    ['beside trainOn', { preset, teacher: 'debate', trainOn: 'a' }, 'methods.0.teacher: given beside `trainOn`'],
    ['beside a society', { preset, teacher: 'debate', model: { society: 'a@1' } }, 'given beside `model.society`'],
  ])('is refused: %s', (_, method, expected) => {
    const wrong = { ...base, ...changes, methods: [{ name, ...method }, ...methods] };
    expect(problemsOf(wrong).join('\n')).toContain(expected);
  });
});

describe('the schema of what may be written', () => {
  const written = {
    ...base,
    task: undefined,
    tasks: [{ name: 'small', kind: 'arithmetic', max: 10 }, { kind: 'gsm8k' }],
  };

  it('knows a name for every kind of task, and a task to train on for every method', () => {
    const methods = ['debate', { name: 'on-small', preset: 'multiagent-finetuning', trainOn: 'small' }];
    expect(comparisonInputSchema.safeParse({ ...written, methods }).error?.issues).toBeUndefined();
    expect(comparisonInputSchema.safeParse({ ...written, tasks: [{ kind: 'gsm8k', max: 3 }] }).success).toBe(false);
  });

  it('as JSON Schema refuses no field of a named task: strict objects are not intersected', () => {
    const { tasks } = comparisonJsonSchema().properties as { tasks: { items: Record<string, unknown> } };
    const kinds = (tasks.items.oneOf ?? tasks.items.anyOf) as { properties: object; additionalProperties: boolean }[];
    expect(tasks.items.allOf).toBeUndefined();
    expect(kinds).toHaveLength(6);
    for (const { properties, additionalProperties } of kinds) {
      expect(additionalProperties).toBe(false);
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(['kind', 'name', 'eval']));
    }
  });
});

describe('settings that all methods have in common', () => {
  it('give way to the preset, and to what is said of the method itself', () => {
    const methods = ['majority-finetuning', { preset: 'single-agent', minimumAgreement: 0, iterations: 3 }];
    const [majority, single] = specificationsOf({ method: { ...base.method, rounds: 3 }, methods });
    expect(majority).toMatchObject({ iterations: 2, method: { rounds: 1, minimumAgreement: 0.5, prompts: 'compact' } });
    expect(single).toMatchObject({ iterations: 3, method: { rounds: 3, minimumAgreement: 0, weights: 'one' } });
  });

  it('are left out of a method that has no use for them', () => {
    const [untuned, single, control] = specificationsOf({
      methods: ['debate', 'single-agent', { name: 'control', select: 'none' }],
    });
    expect(untuned).toMatchObject({ iterations: 0, method: { weights: 'none', correctedShare: 0.5 } });
    expect(single!.method).toMatchObject({ correctedShare: 0.5, minimumAgreement: 0.5 });
    expect(control!.method).toMatchObject({ select: 'none', correctedShare: 0.5, minimumAgreement: 0 });
  });

  it('leave out what has an entry for each member where a method has other members', () => {
    const members = ['a', 'b', 'c'].map((name) => ({ base: `models/${name}` }));
    const model = { base: 'models/a', members };
    const [society, alone] = specificationsOf({ model, methods: ['debate', 'single-agent-without-debate'] });
    expect(alone!.model.members).toBeUndefined();
    expect(society!.model.members).toHaveLength(3);
    const own = { preset: 'debate', model: { members: members.slice(1) } };
    expect(() => specificationsOf({ model, methods: [own] })).toThrow(/2 entries are not allowed/);
  });

  it('hold for one-round methods too, although a critic is spoken of', () => {
    const sampling = { generation: { temperature: 0.7 }, critic: { temperature: 0.2 } };
    const [majority] = specificationsOf({ sampling, methods: ['majority-finetuning'] });
    expect(majority!.sampling).toMatchObject({ generation: { temperature: 0.7 }, critic: { temperature: 1 } });
  });

  it('leave what a preset says of one role alone, and hold for the rest', () => {
    const [hot] = specificationsOf({ methods: ['single-agent-temperature'] });
    expect(hot!.sampling).toMatchObject({
      generation: { temperature: 2, topP: 1 },
      summariser: { temperature: 1, topP: 1 },
    });
  });
});

describe('a comparison that is none', () => {
  it.each([
    ['no object', 'table', 'comparison: "table" is not a comparison'],
    ['an unknown field', { ...base, metods: [] }, 'metods: [] is an unknown field; did you mean "methods"?'],
    ['one seed', { ...base, seed: 7 }, 'seeds: [7]'],
    ['no methods', { ...base, methods: [] }, 'methods'],
    ['task and tasks', { ...base, tasks: [base.task] }, 'tasks: given beside `task`'],
    ['a preset for all', { ...base, method: 'debate' }, 'method: "debate": beside `methods`'],
    ['a seed of one method', { ...base, methods: [{ preset: 'debate', seed: 3 }] }, 'methods.0.seed'],
    ['a method twice', { ...base, methods: ['debate', 'debate'] }, 'methods.1: "debate" is there twice'],
    ['a name that is no file name', { ...base, methods: [{ name: 'a/b' }] }, 'methods.0.name: "a/b"'],
    ['a reserved name', { ...base, methods: [{ name: 'untuned' }] }, 'methods.0.name: "untuned"'],
    [
      'an unknown baseline',
      { ...base, baseline: 'debat' },
      'baseline: "debat" is not one of the methods; did you mean "debate"?',
    ],
    ['a number as a method', { ...base, methods: [3] }, 'methods.0'],
  ])('is refused: %s', (_, raw, expected) => {
    expect(problemsOf(raw).join('\n')).toContain(expected);
  });

  it('is told everything at once: what all methods suffer from once, the rest with the name of the method', () => {
    const methods = ['debates', { name: 'five', members: 0 }, { preset: 'majority-finetuning', correctedShare: 0.3 }];
    expect(problemsOf({ ...base, methods, model: { base: 7 } })).toEqual([
      expect.stringMatching(/^method "debates": method: "debates" is not a preset; did you mean "debate"\?/),
      expect.stringMatching(/^model.base: 7 is not allowed/),
      expect.stringMatching(/^method "five": method.members: 0 is not allowed/),
    ]);
    expect(problemsOf({ ...base, methods })).toContainEqual(
      expect.stringMatching(/^method "majority-finetuning": method.correctedShare: 0.3 is impossible/),
    );
  });
});

it('the same comparison has the same digest under any name, another one does not', () => {
  expect(comparison({ name: 'other' }).digest).toBe(comparison().digest);
  expect(comparison({ seeds: [1] }).digest).not.toBe(comparison().digest);
  expect(comparison({ iterations: 3 }).digest).not.toBe(comparison().digest);
});

it('differences are to the untuned debate, else to the first method, or to the one that is named', () => {
  expect(comparison().baseline).toBe('debate');
  expect(comparison({ methods: ['base', 'single-agent'] }).baseline).toBe('base');
  expect(comparison({ baseline: 'majority' }).baseline).toBe('majority');
});
