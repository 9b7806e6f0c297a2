import type { TrainingExample } from '../../src/contract/training';
import { conditions, methods, reference } from '../../experiments/skills-society/conditions';
import { simulatedDebate, type DebateSetting } from '../../experiments/skills-society/debate';
import { performCondition } from '../../experiments/skills-society/experiment';
import { learned } from '../../experiments/skills-society/learning';
import { coversAllSkills, mixtureOf } from '../../experiments/skills-society/mixture';
import { problemsOf, rightAnswer, uniformDraws, type Proficiency } from '../../experiments/skills-society/skills';
import { simulateRun } from '../../experiments/skills-society/society';
import { differenceTable, resultTable } from '../../experiments/skills-society/table';

const third: Proficiency = { algebra: 1 / 3, counting: 1 / 3, geometry: 1 / 3 };
const only = (skill: keyof Proficiency): Proficiency => ({ algebra: 0, counting: 0, geometry: 0, [skill]: 1 });
const sumOf = (proficiency: Proficiency) => Object.values(proficiency).reduce((sum, value) => sum + value, 0);

describe('learning', () => {
  const problems = problemsOf('train', 4);
  const example = (problemId: string, weight = 1) => ({ problemId, weight }) as TrainingExample;
  const ofSkill = (skill: string, count: number) =>
    problems
      .filter((problem) => problem.skill === skill)
      .slice(0, count)
      .map(({ problemId }) => example(problemId));
  const rule = { ...reference.learning, problems };

  it('with a shared capacity divides what the model is good at as the training set is divided', () => {
    const after = learned(third, [...ofSkill('algebra', 3), ...ofSkill('geometry', 1)], { ...rule, rate: 1 });
    expect(after).toEqual({ algebra: 0.75, counting: 0, geometry: 0.25 });
    expect(sumOf(learned(third, ofSkill('algebra', 3), rule))).toBeCloseTo(1);
  });

  it('moves by the rate, and counts examples by their loss weight', () => {
    expect(learned(third, ofSkill('algebra', 1), { ...rule, rate: 0.5 }).algebra).toBeCloseTo(2 / 3);
    const weighed = [example('train-algebra-0001', 3), example('train-counting-0001', 1)];
    expect(learned(third, weighed, { ...rule, rate: 1 })).toEqual({ algebra: 0.75, counting: 0.25, geometry: 0 });
  });

  it('with an exponent above 1 gives more than its share to what is practised most', () => {
    const set = [...ofSkill('algebra', 2), ...ofSkill('geometry', 1)];
    expect(learned(third, set, { ...rule, rate: 1, concentration: 2 }).algebra).toBeCloseTo(0.8);
  });

  it('with unlimited capacity forgets nothing, and never exceeds 1', () => {
    const after = learned(third, ofSkill('algebra', 4), { ...rule, rate: 1, capacity: 'unlimited' });
    expect(after).toEqual({ ...third, algebra: 1 });
  });

  it('changes nothing in an agent whose training set is empty', () => {
    expect(learned(third, [], rule)).toBe(third);
  });

  it('refuses an example of a problem that nobody was asked', () => {
    expect(() => learned(third, [example('elsewhere')], rule)).toThrow('elsewhere is none of the problems');
  });
});

describe('the mixture of a society', () => {
  it('is 1 for models that are good at everything alike', () => {
    expect(mixtureOf([third, third])).toEqual({ agents: 1, society: 1, divergence: 0 });
  });

  it('of one specialist per skill is mixed as a whole and in none of them', () => {
    const mixture = mixtureOf([only('algebra'), only('counting'), only('geometry')]);
    expect(mixture.agents).toBe(0);
    expect(mixture.society).toBeCloseTo(1);
    expect(mixture.divergence).toBeCloseTo(1);
  });

  it('of three specialists in the same skill diverges in nothing', () => {
    expect(mixtureOf([only('algebra'), only('algebra'), only('algebra')])).toEqual({
      agents: 0,
      society: 0,
      divergence: 0,
    });
  });
});

it('a society covers all skills where each is what some agent is best at', () => {
  expect(coversAllSkills([only('algebra'), only('geometry'), only('counting')])).toBe(true);
  expect(coversAllSkills([only('algebra'), only('geometry'), only('geometry')])).toBe(false);
  expect(coversAllSkills([third])).toBe(false);
});

describe('a simulated debate', () => {
  const [problem] = problemsOf('train', 1);
  const setting = (changes: Partial<DebateSetting> = {}): DebateSetting => ({
    rules: { members: 3, rounds: 2, critics: 'own' },
    answering: { wrongAnswers: 9, recognition: 0 },
    proficiencyOf: () => only('counting'),
    seed: 1,
    iteration: 1,
    split: 'train',
    ...changes,
  });
  const answersOf = (changes: Partial<DebateSetting>) =>
    simulatedDebate(problem!, setting(changes)).rounds.map(({ turns }) => turns.map(({ answer }) => answer));

  it('is voted on by the program: who knows is right, and all of them agree', () => {
    const transcript = simulatedDebate(problem!, setting({ proficiencyOf: () => only('algebra') }));
    expect(transcript.consensus).toMatchObject({ kind: 'agreed', answer: rightAnswer, tieBroken: false });
    expect(transcript.rounds.flatMap(({ turns }) => turns).every(({ agrees }) => agrees)).toBe(true);
    expect(transcript.rounds.map(({ turns }) => turns.map(({ agent }) => agent))).toEqual([
      ['generation-1', 'generation-2', 'generation-3'],
      ['critic-1', 'critic-2', 'critic-3'],
    ]);
  });

  it('has critics that recognise a right answer as often as they are told to', () => {
    const proficiencyOf = (agent: string) => only(agent === 'generation-2' ? 'algebra' : 'counting');
    const answering = { wrongAnswers: 1_000_000, recognition: 1 };
    const [first, last] = answersOf({ proficiencyOf, answering });
    expect(first!.map((answer) => answer === rightAnswer)).toEqual([false, true, false]);
    expect(last).toEqual([rightAnswer, rightAnswer, rightAnswer]);
    // Nobody is followed where all three differ: each keeps its own answer.
    expect(answersOf({ proficiencyOf, answering: { ...answering, recognition: 0 } })[1]).toEqual(first);
  });

  it('spreads guesses over the wrong answers and the right one', () => {
    const guesses = problemsOf('train', 700).flatMap((each) =>
      simulatedDebate(
        each,
        setting({ proficiencyOf: () => ({ algebra: 0, counting: 0, geometry: 0 }) }),
      ).rounds[0]!.turns.map(({ answer }) => answer),
    );
    const counts = [...new Set(guesses)].map((answer) => guesses.filter((each) => each === answer).length);
    expect(counts).toHaveLength(10);
    expect(Math.min(...counts)).toBeGreaterThan(0.08 * guesses.length);
    expect(Math.max(...counts)).toBeLessThan(0.12 * guesses.length);
  });
});

describe('a simulated run', () => {
  const small = { ...reference, iterations: 2, problemsPerSkill: 20, seed: 1 };

  it('is the same for the same seed, and another for another', () => {
    const setting = { ...small, method: 'multiagent-finetuning' };
    expect(simulateRun(setting)).toEqual(simulateRun(setting));
    expect(simulateRun({ ...setting, seed: 2 }).mixtures).not.toEqual(simulateRun(setting).mixtures);
  });

  it('trains the models that the method trains', () => {
    const trained = (method: string) => [...simulateRun({ ...small, method }).proficiencies.keys()];
    expect(trained('multiagent-finetuning')).toHaveLength(6);
    expect(trained('without-critics')).toEqual(['generation-1', 'generation-2', 'generation-3']);
    expect(trained('single-agent')).toEqual(['shared']);
    expect(() => trained('debate')).toThrow('the simulation knows trained methods only');
  });

  it('selects by the rule that the method names: with reference answers nothing wrong is trained on', () => {
    expect(simulateRun({ ...small, method: { preset: 'multiagent-finetuning' } }).wrongExamples).toBeGreaterThan(0);
    expect(simulateRun({ ...small, method: { select: 'reference' } }).wrongExamples).toBe(0);
    // Unselected responses have all skills in equal parts, so that a shared capacity stays as it is.
    expect(simulateRun({ ...small, method: { select: 'none' } }).mixtures.at(-1)!.agents).toBeCloseTo(1);
  });

  it('begins with agents that are equally good in all, apart or not', () => {
    const start = simulateRun({ ...small, iterations: 0, method: 'multiagent-finetuning', start: 'apart' });
    expect([...start.proficiencies.values()].map(sumOf)).toEqual(Array(6).fill(expect.closeTo(1)));
    expect(start.mixtures[0]!.divergence).toBeGreaterThan(0.02);
    const one = simulateRun({ ...small, iterations: 0, method: 'single-agent', start: 'apart' });
    expect(one.mixtures).toEqual([{ agents: 1, society: 1, divergence: 0 }]);
  });
});

describe('the experiment', () => {
  const basis = { ...reference, iterations: 1, problemsPerSkill: 5 };

  it.each(conditions.map((condition) => [condition.name, condition] as const))(
    'runs with every method: %s',
    (_, condition) => {
      const result = performCondition(condition, [1, 2], basis);
      expect(result.methods.map(({ method }) => method)).toEqual(methods);
      const means = result.methods.flatMap(({ outcome }) => Object.values(outcome).map(({ mean }) => mean));
      expect(means.every((mean) => mean >= 0 && mean <= 1 + 1e-9)).toBe(true);
    },
  );

  it('shows means with half-widths of their intervals, and without where there are fewer than three seeds', () => {
    const [condition] = conditions;
    expect(resultTable([performCondition(condition!, [1, 2, 3], basis)])).toMatch(
      /\| multiagent-finetuning +\| \d\.\d\d ± \d.*\| [0123] of 3 +\|/,
    );
    expect(differenceTable([performCondition(condition!, [1], basis)])).toMatch(
      /\| single-agent +\| [+−]\d+\.\d +\| [+−]\d/,
    );
  });

  it('draws three independent numbers from a name', () => {
    const draws = uniformDraws('a name');
    expect(uniformDraws('a name')).toEqual(draws);
    expect(new Set(draws).size).toBe(3);
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  });
});
