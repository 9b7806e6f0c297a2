import fc from 'fast-check';
import { defaultPreset, presetNames, presets } from '../../src/domain/presets';
import { InvalidRunSpec } from '../../src/errors';
import { resolveSpecification, specificationArgument } from '../../src/specification';
import { leafPaths, valueAt } from '../../src/specification/plain-objects';

const minimal = { task: { kind: 'arithmetic' }, model: { base: 'tiny' } };

function problemsOf(raw: unknown): string[] {
  try {
    resolveSpecification(raw);
  } catch (error) {
    if (error instanceof InvalidRunSpec) return error.problems;
    throw error;
  }
  return [];
}

describe('resolving', () => {
  test('task and model are enough: everything else has a default', () => {
    const { specification, valueSources } = resolveSpecification(minimal);
    expect(specification).toMatchObject({
      name: 'run',
      seed: 0,
      iterations: 1,
      method: { preset: 'multiagent-finetuning', members: 3, rounds: 2, correctedShare: 0.5 },
      sampling: { critic: { temperature: 1, topP: 0.9, maxTokens: 2048 } },
      finetuning: { weights: { lora: { rank: 16, alpha: 32 } }, learningRate: 2e-4 },
    });
    expect(valueSources).toMatchObject({
      'task.kind': 'specification',
      'task.max': 'default',
      'method.members': 'default',
    });
  });

  test('schema default < preset < what the user wrote, and each value says where it came from', () => {
    const { specification, valueSources } = resolveSpecification({
      ...minimal,
      method: { preset: 'majority-finetuning', members: 5 },
    });
    expect(specification.method).toMatchObject({
      preset: 'majority-finetuning',
      members: 5,
      rounds: 1,
      weights: 'one',
      evaluateBy: 'vote',
      select: 'consensus',
    });
    expect(valueSources).toMatchObject({
      'method.preset': 'specification',
      'method.members': 'specification',
      'method.rounds': 'preset',
      'method.select': 'default',
    });
  });

  test('a method by name is the same as an object with that preset', () =>
    expect(resolveSpecification({ ...minimal, method: 'five-agents' })).toEqual(
      resolveSpecification({ ...minimal, method: { preset: 'five-agents' } }),
    ));

  test('one sampling object means all roles; a preset may set some and the user the rest', () => {
    const flat = resolveSpecification({ ...minimal, sampling: { temperature: 0.5 } }).specification.sampling;
    expect([flat.generation, flat.critic, flat.summariser].map(({ temperature }) => temperature)).toEqual([
      0.5, 0.5, 0.5,
    ]);
    const mixed = resolveSpecification({
      ...minimal,
      method: 'single-agent-temperature',
      sampling: { critic: { maxTokens: 9 } },
    });
    expect(mixed.specification.sampling).toMatchObject({
      generation: { temperature: 2 },
      critic: { temperature: 2, maxTokens: 9 },
      summariser: { temperature: 1 },
    });
  });

  test('the learning rate follows the kind of weights unless it is given', () => {
    const rate = (finetuning: object) =>
      resolveSpecification({ ...minimal, finetuning }).specification.finetuning.learningRate;
    expect([
      rate({}),
      rate({ weights: 'full' }),
      rate({ weights: { lora: { rank: 4 } } }),
      rate({ weights: 'full', learningRate: 1e-4 }),
    ]).toEqual([2e-4, 1e-5, 2e-4, 1e-4]);
  });

  test('the digest depends on values, not on how they are written', () => {
    const digest = (raw: object) => resolveSpecification(raw).digest;
    expect(digest({ model: { base: 'tiny' }, task: { max: 30, kind: 'arithmetic' }, seed: 0 })).toBe(digest(minimal));
    expect(digest({ ...minimal, seed: 1 })).not.toBe(digest(minimal));
  });

  test.each(presetNames)('preset %s resolves, and says only what differs from the method', (name) => {
    const model = { ...minimal.model, ...(name === 'distilled' ? { society: 'demo' } : {}) };
    const resolved = resolveSpecification({ ...minimal, model, method: name }).specification;
    const plain = resolveSpecification(minimal).specification;
    for (const path of leafPaths(presets[name])) {
      expect([path, valueAt(resolved, path)]).toEqual([path, valueAt(presets[name], path)]);
      expect([path, valueAt(plain, path)]).not.toEqual([path, valueAt(presets[name], path)]);
    }
    expect(name === defaultPreset).toBe(Object.keys(presets[name]!).length === 0);
  });

  test('defaults that make no sense beside explicit settings give way', () => {
    const method = (given: object) => resolveSpecification({ ...minimal, method: given }).specification.method;
    expect(method({ members: 1 }).summary).toBe(false);
    expect(method({ rounds: 1 }).evaluateBy).toBe('vote');
    expect(method({ rounds: 1, members: 1 }).evaluateBy).toBe('sample');
    expect(resolveSpecification({ ...minimal, method: 'debate' }).specification.iterations).toBe(0);
    expect(resolveSpecification({ ...minimal, method: { weights: 'none' } }).specification.iterations).toBe(0);
  });

  test('11. any N, M, L and w can be asked for', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 2, max: 16 }),
        fc.nat(100),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (members, rounds, iterations, correctedShare) => {
          const resolved = resolveSpecification({
            ...minimal,
            iterations,
            method: { members, rounds, correctedShare },
          });
          expect(resolved.specification).toMatchObject({ iterations, method: { members, rounds, correctedShare } });
        },
      ),
    ));
});

describe('prompts of one`s own', () => {
  const withPrompts = (prompts: object) => problemsOf({ ...minimal, method: { prompts } });

  test('replace single texts of a set, system prompt included', () =>
    expect(
      withPrompts({ base: 'paper', system: 'Be brief.', firstRound: 'Solve {question} and write \\boxed{answer}.' }),
    ).toEqual([]));

  test.each([
    [{ firstRound: 'Solve it.' }, 'method.prompts.firstRound: lacks the placeholder {question}'],
    [
      { firstRound: '{question} for {student}' },
      'method.prompts.firstRound: holds the unknown placeholder {student}; filled in are {question}',
    ],
    [
      { system: 'About {question}' },
      'method.prompts.system: holds the unknown placeholder {question}; none is filled in here',
    ],
    [{ laterRound: '{question}' }, 'method.prompts.laterRound: lacks the placeholder {summary}'],
    [{ hinted: '{reference}!' }, 'method.prompts.hinted: lacks one of {firstRound}, {question}'],
    [{ base: 'papr' }, 'method.prompts.base: "papr" is not a prompt set; the known ones are paper, compact, json'],
  ])('%j is refused by name', (prompts, line) => expect(withPrompts(prompts)).toEqual([line]));

  test('a misspelt template is an unknown field', () =>
    expect(withPrompts({ firstRond: 'x' })[0]).toMatch(/^method\.prompts\.firstRond: .* did you mean "firstRound"/));
});

describe('a bad specification is refused with one line per problem: field, value, what is allowed', () => {
  test.each<[unknown, RegExp[]]>([
    [
      { ...minimal, metod: 'x' },
      [/^metod: "x" is an unknown field; did you mean "method"\? \(known fields: name, description, seed, line, task/],
    ],
    [
      { ...minimal, method: { correctedShare: 2, members: 0 } },
      [/^method\.members: 0 .* an integer from 1 to 64/, /^method\.correctedShare: 2 .* a number from 0 to 1/],
    ],
    [{ ...minimal, task: { kind: 'chess' } }, [/^task\.kind: "chess" .* "arithmetic"/]],
    [{ ...minimal, seed: 'x' }, [/^seed: "x" .* an integer at least 0/]],
    [{ ...minimal, model: {} }, [/^model\.base: missing; it must be a text that is not empty/]],
    [{}, [/^task: missing/, /^model: missing/]],
    [
      { ...minimal, method: 'majorty' },
      [/^method: "majorty" is not a preset; did you mean "majority"\? \(presets: multiagent-finetuning/],
    ],
    [{ ...minimal, method: 5 }, [/^method: 5 .* a preset's name \(multiagent/]],
    [
      { ...minimal, method: { preset: 'nothing', roundz: 1 } },
      [/^method: "nothing" is not a preset/, /^method\.roundz: 1 .* did you mean "rounds"/],
    ],
    [{ ...minimal, sampling: { temperature: 9 } }, [/^sampling\.temperature: 9 .* a number from 0 to 2/]],
    [
      { ...minimal, finetuning: { weights: { lora: { rank: 0 } } } },
      [/^finetuning\.weights\.lora\.rank: 0 .* an integer at least 1/],
    ],
    [
      { ...minimal, finetuning: { weights: 'half' } },
      [/^finetuning\.weights: "half" .* "full" or an object with the fields lora/],
    ],
    [{ ...minimal, execution: { shardSize: 150 } }, [/^execution\.shardSize: 150 .* at most 111/]],
    [
      { ...minimal, task: { kind: 'arithmetic', train: 12_000 }, execution: { shardSize: 1 } },
      [
        /^task\.train: 12000 problems in shards of 1 are 12000 shards, .* at most 2000 problems, or a larger execution\.shardSize, such as 50$/,
      ],
    ],
    [
      { ...minimal, task: { kind: 'arithmetic', max: 100, eval: 1_000_000 } },
      [
        /^task\.eval: 1000000 problems in shards of 50 are 20000 shards, .* at most 2000 per split: at most 100000 problems$/,
      ],
    ],
    [{ ...minimal, method: { prompts: 'papr' } }, [/^method\.prompts: "papr" .* paper, compact/]],
    [
      JSON.parse('{"__proto__":{"a":1},"task":{"kind":"arithmetic"},"model":{"base":"t"}}'),
      [/^__proto__: \{"a":1\} is an unknown field/],
    ],
    ['text', [/^specification: "text" is not a run specification; it must be one JSON object/]],
    [[minimal], [/^specification: \[.*one JSON object/]],
    [null, [/^specification: null/]],
  ])('%j', (raw, expected) => {
    const problems = problemsOf(raw);
    expect(problems).toHaveLength(expected.length);
    expected.forEach((line, index) => expect(problems[index]).toMatch(line));
    for (const line of problems) expect(line).not.toContain('\n');
  });

  test('a long value is shortened', () =>
    expect(problemsOf({ ...minimal, seed: 'x'.repeat(10_000) })[0]!.length).toBeLessThan(200));

  test('anything at all is either resolved or refused as InvalidRunSpec', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.object().map((extra) => ({ ...minimal, ...extra })),
        ),
        (raw) => void problemsOf(raw),
      ),
    ));
});

describe('what is explicitly given and impossible is refused with the reason', () => {
  test.each<[object, RegExp]>([
    [
      { method: { rounds: 1, correctedShare: 0.5 } },
      /^method\.correctedShare: 0\.5 is impossible: with method\.rounds 1 there are no critics/,
    ],
    [{ method: { rounds: 1, criticTarget: 'all-rounds' } }, /^method\.criticTarget/],
    [{ method: { rounds: 1 }, sampling: { critic: { temperature: 2 } } }, /^sampling\.critic/],
    [{ method: { rounds: 1, evaluateBy: 'debate' } }, /^method\.evaluateBy: "debate"/],
    [{ method: { members: 1, summary: true } }, /^method\.summary: true is impossible: .*no other responses/],
    [
      { method: { preset: 'single-agent', mixing: 'exact-share' } },
      /^method\.mixing: "exact-share" is impossible: with method\.weights "one"/,
    ],
    [
      { method: { select: 'none', minimumAgreement: 0.5 } },
      /^method\.minimumAgreement: 0\.5 is impossible: with method\.select "none"/,
    ],
    [{ method: { select: 'reference', minimumAgreement: 0.5 } }, /^method\.minimumAgreement/],
    [{ method: 'debate', iterations: 2 }, /^iterations: 2 is impossible: with method\.weights "none"/],
    [{ method: { preset: 'majority', select: 'none' } }, /^method\.select/],
    [{ method: 'distilled' }, /^model\.society: missing; .* give it as RUN or RUN@ITERATION/],
    [
      { method: 'distilled', model: { base: 'tiny', society: 'demo' }, iterations: 2 },
      /^iterations: 2 is impossible: .*from model\.society once/,
    ],
    [{ finetuning: { loss: 'dpo' } }, /^finetuning\.loss: "dpo" is impossible: no two critics .*use "kto"/],
    [{ method: 'preferences', finetuning: { critic: { loss: 'dpo' } } }, /^finetuning\.critic\.loss/],
    [{ method: 'unique-id-tuned', finetuning: { loss: 'dpo' } }, /^finetuning\.loss/],
    [{ method: { preset: 'preferences', select: 'none' } }, /^method\.select: .*no response is preferred/],
    [{ method: 'star', finetuning: { loss: 'kto' } }, /^finetuning\.loss/],
    [{ finetuning: { beta: 0.1 } }, /^finetuning\.beta: .*set finetuning\.loss as well/],
    [{ method: 'debate', finetuning: { loss: 'kto' } }, /^finetuning\.loss: .*nothing is trained/],
    [
      { method: { preset: 'star', select: 'consensus' } },
      /^method\.select: "consensus" .* a hint is the reference answer/,
    ],
    [{ method: { hint: true, rounds: 1 } }, /^method\.hint: true .* only method\.select "reference" may read/],
    [{ method: { preset: 'star', rounds: 2 } }, /^method\.rounds: 2 .* first answers are asked for again/],
    [{ method: { rounds: 1, critics: 'own' } }, /^method\.critics: "own" .* there are no critics/],
    [
      { method: { preset: 'single-agent', critics: 'generation' } },
      /^method\.critics: .* one model answers every round/,
    ],
    [
      { method: { preset: 'without-critics', correctedShare: 0.3 } },
      /^method\.correctedShare: .* no critic is trained/,
    ],
    [{ method: { preset: 'without-critics', instructions: { critic: 'x' } } }, /^method\.instructions\.critic/],
    [{ method: { sharedTargets: 'every-agent' } }, /^method\.sharedTargets: .* only with method\.weights "one"/],
    [
      { method: { preset: 'unique-id-tuned', criticTarget: 'all-rounds' } },
      /^method\.criticTarget: "all-rounds" .* trained on twice/,
    ],
    [{ method: { samples: 9 } }, /^method\.samples: 9 .* only method\.evaluateBy "vote"/],
    [
      { method: { summary: false, summaryShowsQuestion: true } },
      /^method\.summaryShowsQuestion: true .* no summariser/,
    ],
    [
      { method: 'majority-finetuning', evaluation: { rounds: 2 } },
      /^evaluation\.rounds: 2 .* only method\.evaluateBy "debate"/,
    ],
    [{ evaluation: { members: 5 } }, /^evaluation\.members: 5 .* have tuned weights; it must be at most 3$/],
    [
      { evaluation: { firstRoundBy: 'generation-4' } },
      /^evaluation\.firstRoundBy: "generation-4" .* no such member; .* "generation-1" to "generation-3"$/,
    ],
    [
      { method: 'single-agent', evaluation: { firstRoundBy: 'generation-1' } },
      /^evaluation\.firstRoundBy: .* differ from another/,
    ],
    [{ method: { rounds: 1 }, finetuning: { critic: { epochs: 1 } } }, /^finetuning\.critic: .* no critic/],
    [{ method: 'debate', stopWhen: 'loss' }, /^stopWhen: .* nothing is trained/],
    [
      { method: 'single-agent', model: { base: 'a', members: [{ base: 'a' }, { base: 'b' }, { base: 'a' }] } },
      /^model\.members: .* one base: model\.base/,
    ],
    [{ model: { base: 'a', members: [{ base: 'b' }] } }, /^model\.members: 1 entries .* one for each of the 3 members/],
    [{ method: { minimumAgreement: 1 } }, /^method\.minimumAgreement: 1 is not allowed; it must be .*below 1/],
    [{ method: { instructions: { generation: ['a', 'b'] } } }, /^method\.instructions\.generation: 2 entries/],
    [
      { method: { instructions: { generation: 'You are {name}.' } } },
      /^method\.instructions\.generation: holds the unknown placeholder \{name\}; filled in are \{member\}/,
    ],
    [{ evaluation: { scorer: { base: 'judge' } } }, /^evaluation\.scorer: .*impossible: .*does not ask for "nll"/],
    [{ evaluation: { measures: [], embedding: { model: 'e5' } } }, /^evaluation\.embedding/],
  ])('%j', (changed, line) => {
    const problems = problemsOf({ ...minimal, ...changed });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(line);
  });

  test.each([
    { method: { members: 1, summary: false } },
    { method: { rounds: 1 }, sampling: { temperature: 2 } },
    { method: 'debate', iterations: 0 },
    { method: { select: 'none' } },
    { iterations: 0 },
    { method: { members: 1, rounds: 1 } },
    { method: 'star', iterations: 3 },
    { method: { preset: 'star', evaluateBy: 'debate' }, evaluation: { members: 3, rounds: 2 } },
    { method: { preset: 'majority-finetuning', evaluateBy: 'debate' }, evaluation: { rounds: 2 } },
    { method: { preset: 'majority', samples: 9 } },
    { method: { preset: 'unique-id-tuned', correctedShare: 0.3, mixing: 'exact-share' } },
    { method: { critics: 'untuned' } },
    { stopWhen: 'loss' },
    { stopWhen: { signal: 'loss', patience: 2 } },
    { finetuning: { critic: { learningRate: 1e-5 }, matchTrainingTokens: 1000 } },
    { model: { base: 'a', members: [{ base: 'a' }, { base: 'b', endpoint: 'other' }, { base: 'a' }] } },
  ])('%j is possible', (changed) => expect(problemsOf({ ...minimal, ...changed })).toEqual([]));
});

test('a workflow is started with exactly one argument', () => {
  expect(specificationArgument([minimal])).toBe(minimal);
  expect(() => specificationArgument([])).toThrow(/exactly one JSON object .* got none/);
  expect(() => specificationArgument([minimal, minimal])).toThrow(/got 2 arguments/);
});
