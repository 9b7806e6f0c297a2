/** What a training set makes of a model, as a rule of a few numbers. It sees what selection chose, never who was right. */
import type { TrainingExample } from '../../src/contract/training';
import { bySkill, skills, type Problem, type Proficiency, type Skill } from './skills';

export interface LearningRule {
  /** How far one iteration of training moves a model, 0..1. */
  rate: number;
  /**
   * `shared`: a model is good at as much in all as it was at the start, and its training set says at what; what is
   * practised less is forgotten. `unlimited`: practice adds, and nothing is ever forgotten.
   */
  capacity: 'shared' | 'unlimited';
  /**
   * Of a shared capacity: the power of its share in the training set that a skill's part goes with. 1: in proportion.
   * Above: what is practised most drives the rest out, as if skills interfered with each other.
   */
  concentration: number;
}

/** The proficiency after training on the examples; unchanged by an empty set, as an agent without examples is not trained. */
export function learned(
  before: Proficiency,
  examples: readonly TrainingExample[],
  { rate, capacity, concentration, problems }: LearningRule & { problems: readonly Problem[] },
): Proficiency {
  if (examples.length === 0) return before;
  const skillOf = new Map(problems.map(({ problemId, skill }) => [problemId, skill]));
  const goal =
    capacity === 'shared'
      ? sharedGoal(before, practice(examples, skillOf), concentration)
      : unlimitedGoal(before, examples, problems);
  return bySkill((skill) => before[skill] + rate * (goal[skill] - before[skill]));
}

/** The loss weights of the examples, by skill. */
function practice(examples: readonly TrainingExample[], skillOf: ReadonlyMap<string, Skill>): Proficiency {
  const weights = bySkill(() => 0);
  for (const { problemId, weight } of examples) {
    const skill = skillOf.get(problemId);
    if (skill === undefined) throw new Error(`${problemId} is none of the problems`);
    weights[skill] += weight;
  }
  return weights;
}

/** All the model is capable of, divided by what it practised. */
function sharedGoal(before: Proficiency, practised: Proficiency, concentration: number): Proficiency {
  const largest = Math.max(...Object.values(practised));
  const parts = bySkill((skill) => (practised[skill] / largest) ** concentration);
  const [capable, total] = [sumOf(before), sumOf(parts)];
  return bySkill((skill) => Math.min(1, (capable * parts[skill]) / total));
}

/** The part of what is not known yet that was practised: the skill's problems that occur in the training set. */
function unlimitedGoal(
  before: Proficiency,
  examples: readonly TrainingExample[],
  problems: readonly Problem[],
): Proficiency {
  const practised = new Set(examples.map(({ problemId }) => problemId));
  return bySkill((skill) => {
    const all = problems.filter((problem) => problem.skill === skill);
    const share = all.filter(({ problemId }) => practised.has(problemId)).length / all.length;
    return before[skill] + (1 - before[skill]) * share;
  });
}

function sumOf(proficiency: Proficiency): number {
  return skills.reduce((sum, skill) => sum + proficiency[skill], 0);
}
