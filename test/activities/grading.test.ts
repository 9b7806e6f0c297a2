/** Verdicts are asked for once, and what an earlier attempt did not ask is asked beside them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ActivityDependencies } from '../../activities/dependencies';
import { gradePairs } from '../../activities/grading';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import type { PairVerdict } from '../../src/domain/voting';
import type { AnswerPair } from '../../src/ports';
import type { AnswerReader } from '../../src/tasks/task';

const key = 'runs/run/iteration-1/verdicts/train/shard-00.json';
const pair = (a: string, b: string): AnswerPair => ({ a, b });

describe('gradePairs', () => {
  let folder: string;
  let asked: AnswerPair[][];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'maft-grading-'));
    asked = [];
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const grade = (pairs: AnswerPair[]): Promise<PairVerdict[]> => {
    const grader = () => ({
      grade: (wanted: AnswerPair[]) => {
        asked.push(wanted);
        return Promise.resolve(wanted.map(({ a, b }) => ({ equal: Number(a) === Number(b) })));
      },
    });
    const dependencies = { store: new FileArtifactStore(folder), grader } as unknown as ActivityDependencies;
    const perform = () => gradePairs(dependencies, {} as AnswerReader, pairs, key);
    return new MockActivityEnvironment().run(perform) as Promise<PairVerdict[]>;
  };

  it('asks once: a second attempt finds the verdicts', async () => {
    const pairs = [pair('1', '1.0'), pair('1', '2')];
    const first = await grade(pairs);
    expect(first.map(({ equal }) => equal)).toEqual([true, false]);
    expect(await grade(pairs)).toEqual(first);
    expect(asked).toHaveLength(1);
  });

  it('asks for what the stored verdicts lack, and only for that, and finds all of them the next time', async () => {
    await grade([pair('1', '2')]);
    const more = [pair('1', '2'), pair('3', '3.0')];
    const verdicts = await grade(more);
    expect(verdicts).toMatchObject([
      { a: '1', b: '2', equal: false },
      { a: '3', b: '3.0', equal: true },
    ]);
    expect(asked).toEqual([[pair('1', '2')], [pair('3', '3.0')]]);
  });
});
