/**
 * How mixed models are, in parts of the most there can be (0..1). The society's mix is the mean of its agents' mixes, and
 * its entropy is the agents' mean entropy plus their Jensen-Shannon divergence: a society is mixed because each of its
 * agents is, or because they differ.
 */
import { bySkill, skills, type Proficiency } from './skills';

export interface Mixture {
  /** Mean entropy of the agents' skill mixes: 1 = equally good at everything, 0 = good at one thing only. */
  agents: number;
  /** Entropy of the mean mix. */
  society: number;
  /** Jensen-Shannon divergence between the agents: 0 = all alike, 1 = as many specialists as skills. */
  divergence: number;
}

export function mixtureOf(proficiencies: readonly Proficiency[]): Mixture {
  const mixes = proficiencies.map(skillMix);
  const meanMix = bySkill((skill) => mean(mixes.map((mix) => mix[skill])));
  const [agents, society] = [mean(mixes.map(entropy)), entropy(meanMix)];
  // Equal mixes differ by rounding only.
  return { agents, society, divergence: Math.max(0, society - agents) };
}

/** Whether every skill is what some agent is best at; says something only where agents are not mixed. */
export function coversAllSkills(proficiencies: readonly Proficiency[]): boolean {
  const best = proficiencies.map((proficiency) =>
    skills.reduce((first, skill) => (proficiency[skill] > proficiency[first] ? skill : first)),
  );
  return new Set(best).size === skills.length;
}

/** Proportions of a proficiency; a model that is good at nothing is called mixed. */
function skillMix(proficiency: Proficiency): Proficiency {
  const sum = skills.reduce((total, skill) => total + proficiency[skill], 0);
  return bySkill((skill) => (sum === 0 ? 1 / skills.length : proficiency[skill] / sum));
}

/** Shannon entropy over the largest there is, the logarithm of the number of skills. */
function entropy(mix: Proficiency): number {
  const terms = skills.map((skill) => (mix[skill] === 0 ? 0 : -mix[skill] * Math.log(mix[skill])));
  return terms.reduce((sum, term) => sum + term, 0) / Math.log(skills.length);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
