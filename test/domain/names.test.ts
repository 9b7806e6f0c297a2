import fc from 'fast-check';
import { canonicalJson, digestOf, runIdOf, sha256 } from '../../src/domain/digests';
import * as identifiers from '../../src/domain/identifiers';
import { encodePathSegment, iterationKeys, runKeys } from '../../src/domain/keys';

describe('run ids', () => {
  test.each([
    ['maft/my-run', 'my-run'],
    ['my-run', 'my-run'],
    ['maft/run_1.b', 'run_1.b'],
  ])('%s is run %s', (workflowId, runId) => expect(runIdOf(workflowId)).toBe(runId));

  test('a changed character adds six hex digits of the original: scheduled ids contain colons', () => {
    const original = 'nightly-2026-11-21T10:00:00Z';
    expect(runIdOf(`maft/${original}`)).toBe(`nightly-2026-11-21T10-00-00Z-${sha256(original).slice(0, 6)}`);
    expect(runIdOf('maft/a:b')).not.toBe(runIdOf('maft/a/b'));
  });

  test('15. no id leaves the store, is empty or is too long for a file name', () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'grapheme', maxLength: 400 }), fc.constantFrom('..', '.', '', '../../etc')),
        (id) => {
          expect(runIdOf(`maft/${id}`)).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,126}$/);
        },
      ),
    ));
});

describe('keys', () => {
  const place = { runId: 'r', iteration: 2 };

  test('are the documented ones', () => {
    expect([
      runKeys.record('r'),
      runKeys.problems('r', 'train'),
      runKeys.references('r', 'eval'),
      iterationKeys.turn({
        ...place,
        split: 'eval',
        problemId: 'arithmetic-000017',
        round: 1,
        agent: 'generation-1',
        part: 'response',
      }),
      iterationKeys.turn({
        ...place,
        split: 'eval',
        problemId: 'arithmetic-000017',
        round: 2,
        agent: 'critic-1',
        part: 'summary',
      }),
      iterationKeys.transcripts({ ...place, split: 'train', shard: 7 }),
      iterationKeys.trainingSet(place, 'critic-1'),
      iterationKeys.selection(place),
      iterationKeys.weights(place, 'critic-1'),
    ]).toEqual([
      'runs/r/run.json',
      'runs/r/problems/train.jsonl',
      'runs/r/references/eval.jsonl',
      'runs/r/iteration-2/turns/eval/arithmetic-000017/round-1/generation-1.json',
      'runs/r/iteration-2/turns/eval/arithmetic-000017/round-2/critic-1.summary.json',
      'runs/r/iteration-2/transcripts/train/shard-07.jsonl',
      'runs/r/iteration-2/training-sets/critic-1.jsonl',
      'runs/r/iteration-2/training-sets/selection.json',
      'runs/r/iteration-2/weights/critic-1.json',
    ]);
  });

  test('15. two problem ids never share a path, whatever their case, and no part of a path is special', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.string({ unit: 'binary', maxLength: 300 }),
        (left, right) => {
          const paths = [left, right].map((id) => encodePathSegment(id).toLowerCase());
          expect(paths[0] === paths[1]).toBe(left === right);
          for (const part of paths[0]!.split('/')) expect(part).toMatch(/^(?!\.)[a-z0-9_.%~-]{1,200}$/);
        },
      ),
    ));

  test.each([
    ['Problem', 'Problem'.toLowerCase()],
    ['\u00c9', '\u00e9'],
    ['A1z', 'a1Z'],
  ])('ids that differ by case, %j and %j, are two files where case is ignored', (left, right) =>
    expect(encodePathSegment(left).toLowerCase()).not.toBe(encodePathSegment(right).toLowerCase()),
  );

  test('a period at either end is spelled, for Windows drops the last one and the first one hides a file', () =>
    expect(['a.', '.a', '.', 'a.b', 'a..b.'].map(encodePathSegment)).toEqual([
      'a%2e',
      '%2ea',
      '%2e',
      'a.b',
      'a..b%2e',
    ]));

  test('an overlong id goes on in folders of at most 180 characters and a tilde', () => {
    expect(encodePathSegment('a'.repeat(180))).toBe('a'.repeat(180));
    expect(encodePathSegment('a'.repeat(181))).toBe(`${'a'.repeat(180)}~/a`);
    expect(encodePathSegment(`${'a'.repeat(179)}A`)).toBe(`${'a'.repeat(179)}~/%41`);
  });

  test('a character beyond Latin-1 is its code unit in four hex digits', () =>
    expect(['\u00ff', '\u0100', '\n', 'x\u4e2d'].map(encodePathSegment)).toEqual(['%ff', '%u0100', '%0a', 'x%u4e2d']));

  test.each([
    ['A', 'a'],
    ['..', '%2e%2e'],
    ['a/b', 'a b'],
    ['\u00e9', 'e\u0301'],
    ['', '%'],
  ])('%j and %j differ', (left, right) => expect(encodePathSegment(left)).not.toBe(encodePathSegment(right)));
});

describe('identifiers', () => {
  test('name agents, children and models', () => {
    expect(identifiers.societyAgents(2, 2)).toEqual(['generation-1', 'generation-2', 'critic-1', 'critic-2']);
    expect(identifiers.societyAgents(2, 1)).toEqual(['generation-1', 'generation-2']);
    expect(identifiers.shardWorkflowId('r', 2, 'train', 7)).toBe('maft/r/iteration-2/debate/shard-07');
    expect(identifiers.shardWorkflowId('r', 2, 'eval', 123)).toBe('maft/r/iteration-2/evaluate/shard-123');
    expect(identifiers.finetuneWorkflowId('r', 2)).toBe('maft/r/iteration-2/finetune');
    expect(identifiers.evaluateWorkflowId('r', 0)).toBe('maft/r/iteration-0/evaluate');
    expect(identifiers.modelName('r', 1, 'critic-2', 'abcdef0123456789')).toBe('r.i1.critic-2.abcdef01');
  });

  test('sample j of k comes from generation agent ((j-1) mod N) + 1, and has a name of its own beyond the first N', () => {
    expect([1, 2, 3, 4, 7].map((sample) => identifiers.sampleMember(sample, 3))).toEqual([1, 2, 3, 1, 1]);
    const names = Array.from({ length: 9 }, (_, index) => identifiers.sampleName(index + 1, 3));
    expect(names.slice(0, 4)).toEqual(['generation-1', 'generation-2', 'generation-3', 'generation-1.sample-4']);
    expect(new Set(names).size).toBe(9);
  });
});

describe('digests', () => {
  test('the order of fields does not matter, everything else does', () => {
    expect(digestOf({ a: 1, b: { c: [1, 2], d: null } })).toBe(digestOf({ b: { d: null, c: [1, 2] }, a: 1 }));
    expect(digestOf({ a: [1, 2] })).not.toBe(digestOf({ a: [2, 1] }));
    expect(canonicalJson({ b: undefined, a: 'ü' })).toBe('{"a":"ü"}');
  });
});
