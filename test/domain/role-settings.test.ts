import { lossesOf, roleOf, roleSettings } from '../../src/domain/role-settings';
import { selectionSettings } from '../../src/domain/role-settings';
import { specified } from '../support/specified';

const finetuning = { epochs: 2, learningRate: 1e-4, critic: { epochs: 5, loss: 'kto' }, generation: { epochs: 3 } };

test("a role's settings stand over those of all, and what it does not name is that of all", () => {
  const settings = specified({ finetuning }).finetuning;
  expect(roleSettings(settings, 'critic-2')).toMatchObject({ epochs: 5, learningRate: 1e-4 });
  expect(roleSettings(settings, 'generation-1')).toMatchObject({ epochs: 3, learningRate: 1e-4 });
  expect(roleSettings({ ...settings, critic: { epochs: undefined } as never }, 'critic-1').epochs).toBe(2);
});

test('the one model is trained with the settings of all, whatever the roles have', () => {
  const settings = specified({ finetuning }).finetuning;
  expect(roleSettings(settings, 'shared')).toMatchObject({ epochs: 2 });
  expect(['generation-1', 'critic-12', 'shared', 'anything'].map(roleOf)).toEqual([
    'generation',
    'critic',
    'shared',
    'shared',
  ]);
});

test('each role has its own loss; supervised where no loss is named', () => {
  expect(lossesOf(specified({ method: 'preferences' }).finetuning)).toEqual({
    generation: 'dpo',
    critic: 'kto',
    shared: 'dpo',
  });
  expect(lossesOf({ ...specified({}).finetuning, loss: undefined } as never)).toEqual({
    generation: 'supervised',
    critic: 'supervised',
    shared: 'supervised',
  });
});

test('selection takes its rules from the method, its limits and losses from finetuning, its draws from seed and iteration', () => {
  const limits = { maxLength: 77, matchTrainingTokens: 1000, matchTrajectories: 9 };
  const { method, ...rest } = specified({ seed: 4, method: { members: 4, correctedShare: 0.3 }, finetuning: limits });
  const { preset, ...rules } = method;
  expect(selectionSettings({ method, ...rest }, 3)).toMatchObject({
    ...rules,
    ...limits,
    ...{ method: preset, seed: 4, iteration: 3 },
    losses: { generation: 'supervised', critic: 'supervised', shared: 'supervised' },
  });
});
