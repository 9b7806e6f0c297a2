/** `maft validate` refuses what no machine could perform. */
import { showPlan } from '../../src/cli/validate';

const run = {
  task: { kind: 'arithmetic', max: 10, train: 4, eval: 4 },
  model: { base: 'models/tiny-arithmetic' },
  method: { prompts: 'compact' },
  finetuning: { trainer: 'lokal' },
};

test.each([
  ['a run', run],
  ['a comparison', { ...run, name: 'table', methods: ['debate', 'multiagent-finetuning'] }],
])('%s whose base is not there is refused', (_, raw) => {
  expect(() => showPlan({ ...raw, model: { base: 'no/such/folder' } }, {})).toThrow('"no/such/folder" does not exist');
});

test.each([
  ['a run', run],
  ['a comparison', { ...run, name: 'table', methods: ['debate', 'multiagent-finetuning'] }],
])('%s that names a trainer no machine has is refused with those that exist', (_, raw) => {
  expect(() => showPlan(raw, {})).toThrow('finetuning.trainer: this machine has no trainer "lokal"; it has: local');
});
