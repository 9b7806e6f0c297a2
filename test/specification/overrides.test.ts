/** `--set path=value`, and what a field under another name is answered with. */
import { resolveSpecification } from '../../src/specification';
import { resolveComparison } from '../../src/specification/comparison';
import { withOverrides } from '../../src/specification/overrides';
import { messageOf } from '../support/message-of';

const file = { task: { kind: 'arithmetic', train: 8, eval: 4 }, model: { base: 'm' }, method: 'debate' };

test.each([
  ['a number', ['task.eval=5'], { task: { kind: 'arithmetic', train: 8, eval: 5 } }],
  ['a list', ['evaluation.baselines=[base, majority]'], { evaluation: { baselines: ['base', 'majority'] } }],
  [
    'a field that the file does not have',
    ['sampling.critic.temperature=0.5'],
    { sampling: { critic: { temperature: 0.5 } } },
  ],
  ['a text with an equals sign', ['description=a=b'], { description: 'a=b' }],
  ['a field beside a shorthand', ['method.members=5'], { method: { preset: 'debate', members: 5 } }],
  ['the last of two for one path', ['seed=1', 'seed=2'], { seed: 2 }],
])('%s is set in place of what the file says', (_, assignments, expected) => {
  expect(withOverrides(file, assignments)).toEqual({ ...file, ...expected });
});

test.each([
  ['without a value', 'method.members', 'a path and a value'],
  ['without a path', '=5', 'a path and a value'],
  ['with an empty part of a path', 'method..members=5', 'a path and a value'],
  ['whose value is no YAML', 'task=[1, 2', 'not valid YAML'],
  ['whose value is nested too deep', `task=${'['.repeat(100)}${']'.repeat(100)}`, 'levels deep'],
])('an assignment %s is refused', (_, assignment, reason) => {
  expect(messageOf(() => withOverrides(file, [assignment]))).toContain(reason);
});

test('`__proto__` stays a field, and is refused as unknown', () => {
  const raw = withOverrides(file, ['__proto__.members=5', 'method.__proto__.members=7']);
  expect(({} as { members?: number }).members).toBeUndefined();
  expect(messageOf(() => resolveSpecification(raw))).toContain('__proto__');
});

test.each([
  ['numAgents', '"method.members"'],
  ['n_agents', '"method.members"'],
  ['epochs', '"finetuning.epochs"'],
  ['num_train_epochs', '"finetuning.epochs"'],
  ['batch_size', '"finetuning.batchSize"'],
  ['itterations', '"iterations"'],
])('%s is answered with the field that was meant', (field, meant) => {
  expect(messageOf(() => resolveSpecification({ ...file, [field]: 3 }))).toContain(`did you mean ${meant}`);
});

test('seeds of a comparison as a text are answered with what they must be', () => {
  const comparison = { ...file, method: undefined, methods: ['debate'], seeds: '1,2' };
  expect(messageOf(() => resolveComparison(comparison))).toBe(
    'seeds: "1,2" is not allowed; it must be a list, each an integer at least 0 (run seeds: each draws its own problems)',
  );
});

test('a description is kept, and decides nothing: the run and the comparison stay what they are', () => {
  const described = { ...file, description: 'for the Friday meeting' };
  expect(resolveSpecification(described).specification.description).toBe('for the Friday meeting');
  expect(resolveSpecification(described).digest).toBe(resolveSpecification(file).digest);
  const comparison = { task: file.task, model: file.model, methods: ['debate'], seeds: [1] };
  expect(resolveComparison({ ...comparison, description: 'why' }).digest).toBe(resolveComparison(comparison).digest);
});
