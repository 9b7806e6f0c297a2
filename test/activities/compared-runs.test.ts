/** A run of a comparison that starts from another run's society waits until that run has ended. */
import type { Info } from '@temporalio/activity';
import type { RunPlan } from '../../src/contract/run';
import { activityWorld, evaluationShard, smallSpecification, type ActivityWorld } from '../support/activity-world';

let world: ActivityWorld;
beforeEach(async () => {
  world = await activityWorld();
});
afterEach(() => world.remove());

const as = (id: string) => ({
  info: { workflowExecution: { workflowId: `maft/${id}`, runId: '1' } } as unknown as Info,
});

/** Evaluates the untuned society of a run that then stops, as a run does that fails in its first training. */
async function begin(runId: string): Promise<RunPlan> {
  const { specification } = await world.call('openComparedRun', { comparisonId: 'table', runId });
  const plan = await world.call('resolveRun', { input: [specification] }, as(runId));
  const shard = await world.debate(evaluationShard(plan));
  await world.call('scoreEvaluation', { plan, iteration: 0, shards: [shard] });
  return plan;
}

test.each([
  ['a pupil', {}, { name: 'pupil', preset: 'distilled', teacher: 'first' }, 'table.first.s1', 'table.pupil.s1'],
  [
    'a transfer',
    {
      task: undefined,
      tasks: [10, 20].map((max) => ({ kind: 'arithmetic', max, name: `below-${max}`, train: 4, eval: 4 })),
    },
    { name: 'moved', preset: 'majority-finetuning', trainOn: 'below-10' },
    'table.moved.below-10.s1',
    'table.moved.below-20.s1',
  ],
])('%s does not start from a society on its way', async (_, columns, method, needed, runId) => {
  const methods = [{ name: 'first', preset: 'multiagent-finetuning' }, method];
  const specification = { ...smallSpecification({ name: 'table', seeds: [1], ...columns }), methods };
  await world.call('resolveComparison', { input: [specification] }, as('table'));
  const open = () => world.call('openComparedRun', { comparisonId: 'table', runId });
  const refusal = `${runId} starts from the society with which ${needed} ends, and that run has not finished`;
  await expect(open()).rejects.toThrow(refusal);
  await begin(needed);
  await expect(open()).rejects.toThrow(refusal);
});
