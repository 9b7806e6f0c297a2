/** What a comparison reads of its runs from a real store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { publishSealed } from '../../src/artifacts/sealed';
import { buildComparison, gatherComparison } from '../../src/comparison';
import type { ShardOutcome } from '../../src/contract/run';
import { validationSplit, type Split } from '../../src/contract/transcript';
import { iterationKeys, runKeys } from '../../src/domain/keys';
import { deriveRunPlan } from '../../src/domain/plan';
import { resolveSpecification } from '../../src/specification';
import { comparisonBase, comparisonFixture } from '../support/comparison-fixture';

const folder = mkdtempSync(path.join(tmpdir(), 'maft-gather-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a run that stopped early is finished: its last society stands for those that it did not go on to', async () => {
  const store = new FileArtifactStore(folder);
  const stopWhen = { signal: 'plateau', improvement: 0.01, patience: 1, validation: 10 };
  const { comparison } = comparisonFixture({
    specification: {
      name: 'stopped',
      methods: ['multiagent-finetuning'],
      iterations: 5,
      stopWhen,
      claims: [{ method: 'multiagent-finetuning', beats: { iteration: 0 } }],
    },
  });
  const [planned] = comparison.groups[0]!.runs;
  const runId = 'stopped';
  const { specification } = resolveSpecification(planned!.specification);
  const plan = { ...deriveRunPlan(specification, runId), scoring: undefined };
  const file = { key: 'k', sha256: 'd' };
  const problems = { eval: file, train: [file] };
  const { specificationDigest } = planned!;
  const record = { runId, specificationDigest, specification, plan, problems, references: problems, versions: {} };
  await publishSealed(store, runKeys.record(runId), record);
  for (const [iteration, right] of [0, 8].entries()) {
    const place = { runId, iteration };
    const evaluated = evaluationOf(iteration, right);
    await publishSealed(store, iterationKeys.evaluation(place), evaluated);
    await publishSealed(store, iterationKeys.evaluation(place, validationSplit), {
      modes: [{ mode: 'society', accuracy: 0.6 }],
    });
  }
  const group = comparison.groups[0]!;
  const groups = [
    { ...group, runs: [{ ...planned!, runId }], readings: group.readings.map((each) => ({ ...each, runId })) },
  ];
  const found = await gatherComparison(store, { ...comparison, groups }, { failed: [], prices: () => undefined });
  expect(found.runs[0]!.standing).toBe('finished');
  const [claim] = buildComparison(found).claims.arithmetic!;
  expect(claim).toMatchObject({ standing: 'shown for this seed', comparison: { difference: 0.8 } });
  expect(claim!.remarks).toEqual([
    '“multiagent-finetuning (stopWhen: plateau)” ended early, after iteration 1 with seed 0',
  ]);
});

/** Of ten problems. */
function evaluationOf(iteration: number, correct: number) {
  const counts = { calls: 90, promptTokens: 0, completionTokens: 0 };
  const accuracy = correct / 10;
  const result = { mode: 'society', problems: 10, correct, accuracy, standardError: 0, callsPerProblem: 9, counts };
  const perProblem = Array.from({ length: 10 }, (_, index) => ({
    problemId: `p-${index}`,
    correct: { society: index < correct },
  }));
  return { iteration, modes: [result], members: [], perProblem };
}

test('all calls of a run are those of every split: training, evaluation and validation', async () => {
  const store = new FileArtifactStore(folder);
  const { comparison } = comparisonFixture({
    specification: { methods: ['multiagent-finetuning'], stopWhen: { signal: 'plateau', validation: 10 } },
  });
  const [planned] = comparison.groups[0]!.runs;
  const { runId, specificationDigest } = planned!;
  const { specification } = resolveSpecification(planned!.specification);
  const plan = deriveRunPlan(specification, runId);
  const file = { key: 'k', sha256: 'd' };
  const problems = { eval: file, train: [file] };
  const record = { runId, specificationDigest, specification, plan, problems, references: problems, versions: {} };
  await publishSealed(store, runKeys.record(runId), record);
  const calls: [Split, number, number][] = [
    ['train', 1, 100],
    ['eval', 0, 20],
    [validationSplit, 0, 3],
    [validationSplit, 1, 4],
  ];
  for (const [split, iteration, taken] of calls) {
    const counts = { calls: taken, promptTokens: 0, completionTokens: taken };
    const reused = { calls: 1, promptTokens: 0, completionTokens: 0 };
    const outcome: Partial<ShardOutcome> = { shard: 0, counts, reused };
    await publishSealed(store, iterationKeys.shardOutcome({ runId, iteration, split, shard: 0 }), outcome);
  }
  const found = await gatherComparison(store, comparison, { failed: [], prices: () => undefined });
  const { calls: counted, runs } = buildComparison(found);
  expect(counted.taken.calls).toBe(127);
  expect(counted.asked.calls).toBe(123);
  expect(runs[0]!.counts.completionTokens).toBe(127);
  expect(found.runs[0]!.training.counts.calls).toBe(100);
});

test('what a taught method cost is its own training, and what a transfer cost is that of the run before it', async () => {
  const store = new FileArtifactStore(mkdtempSync(path.join(folder, 'taught-')));
  const { comparison } = comparisonFixture({
    specification: {
      methods: [
        'multiagent-finetuning',
        { name: 'pupil', preset: 'distilled', teacher: 'multiagent-finetuning' },
        { name: 'moved', preset: 'single-agent', trainOn: 'below-10' },
      ],
      task: undefined,
      tasks: [10, 20].map((max) => ({ ...comparisonBase.task, max, name: `below-${max}` })),
    },
  });
  const file = { key: 'k', sha256: 'd' };
  const problems = { eval: file, train: [file] };
  for (const { runId, specificationDigest, specification: written } of comparison.groups.flatMap(({ runs }) => runs)) {
    const { specification } = resolveSpecification(written);
    const plan = deriveRunPlan(specification, runId);
    const record = { runId, specificationDigest, specification, plan, problems, references: problems, versions: {} };
    await publishSealed(store, runKeys.record(runId), record);
    const tokens = runId.includes('pupil') ? 7 : 100;
    if (plan.iterations === 0) continue;
    for (const agent of plan.trainedAgents)
      await publishSealed(store, iterationKeys.weights({ runId, iteration: 1 }, agent), {
        agent,
        training: { tokens, examples: 1, seconds: 1, steps: 1 },
      });
  }
  const { runs } = await gatherComparison(store, comparison, { failed: [], prices: () => undefined });
  const tokensOf = (part: string) => runs.find(({ runId }) => runId.includes(part))?.training.tokens;
  expect([tokensOf('pupil.below-10'), tokensOf('pupil.below-20')]).toEqual([7, 7]);
  expect([tokensOf('moved.below-10'), tokensOf('moved.below-20')]).toEqual([100, 100]);
});
