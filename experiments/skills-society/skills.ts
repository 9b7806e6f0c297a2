/** What the simulated problems are about, and how good a model is at each of it. No language model is involved. */
import { drawKey } from '../../src/domain/draws';
import { memberNumbers } from '../../src/domain/identifiers';

export const skills = ['algebra', 'counting', 'geometry'] as const;
export type Skill = (typeof skills)[number];

/** Probability of knowing the answer to a problem of the skill, 0..1 each. */
export type Proficiency = Readonly<Record<Skill, number>>;

export interface Problem {
  problemId: string;
  skill: Skill;
}

export const rightAnswer = 'right';

/** The same number of every skill. */
export function problemsOf(split: 'train' | 'eval', perSkill: number): Problem[] {
  return skills.flatMap((skill) =>
    memberNumbers(perSkill).map((number) => ({
      problemId: `${split}-${skill}-${String(number).padStart(4, '0')}`,
      skill,
    })),
  );
}

/** A record with one value per skill. */
export function bySkill(valueOf: (skill: Skill) => number): Record<Skill, number> {
  return Object.fromEntries(skills.map((skill) => [skill, valueOf(skill)])) as Record<Skill, number>;
}

const digitsPerDraw = 8;

/** Three independent numbers in 0..1 (32 bits each) that depend on nothing but the string that names them. */
export function uniformDraws(name: string): [number, number, number] {
  const key = drawKey(name);
  const draw = (index: number) =>
    Number.parseInt(key.slice(index * digitsPerDraw, (index + 1) * digitsPerDraw), 16) / 16 ** digitsPerDraw;
  return [draw(0), draw(1), draw(2)];
}
