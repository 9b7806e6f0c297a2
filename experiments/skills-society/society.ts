/** One simulated run: debate, vote, select, learn, l = 1..L, by the program's own rules for who speaks and who is trained on what. */
import type { RunSpecification } from '../../src/contract/specification';
import type { Transcript } from '../../src/contract/transcript';
import { evaluateTranscripts } from '../../src/domain/accuracy';
import { debateRules, speakingAgents } from '../../src/domain/debate-rules';
import { sharedAgent } from '../../src/domain/identifiers';
import { specialisation } from '../../src/domain/measures/specialisation';
import { trainedAgents } from '../../src/domain/plan';
import { selectTrainingSets, type SelectionResult } from '../../src/domain/selection';
import { resolveSpecification } from '../../src/specification';
import { simulatedDebate, type Answering } from './debate';
import { learned, type LearningRule } from './learning';
import { coversAllSkills, mixtureOf, type Mixture } from './mixture';
import { bySkill, problemsOf, rightAnswer, skills, type Problem, type Proficiency } from './skills';

export interface SocietySetting {
  /** As `method` of a run specification: a preset, or one with some settings changed. */
  method: RunSpecification['method'] | object | string;
  answering: Answering;
  learning: LearningRule;
  /** `equal`: 1/3 each. `apart`: member n begins with `lead` more of skill n; one model for all begins with 1/3 each. */
  start: 'equal' | 'apart';
  seed: number;
  iterations: number;
  problemsPerSkill: number;
}

export interface Accuracies {
  /** Of the society by the method's own way of answering. */
  society: number;
  /** Of one first answer. */
  sample: number;
  /** Problems to which at least one member's first answer was right. */
  anyFirst: number;
}

export interface SimulatedRun {
  /** Of the generation agents (or the one model) before training and after each iteration. */
  mixtures: Mixture[];
  before: Accuracies;
  after: Accuracies;
  /** Share of the last iteration's training examples whose answer is wrong. */
  wrongExamples: number;
  /** Whether at the end every skill is what some generation agent is best at. */
  coversAll: boolean;
  /** Trained agents' proficiencies at the end. */
  proficiencies: Map<string, Proficiency>;
}

/** What a member that starts apart is better at one skill; the others share the rest, so that all agents are equally good. */
const lead = 0.15;

export function simulateRun(setting: SocietySetting): SimulatedRun {
  const specification = methodSpecification(setting);
  let models = startingModels(specification, setting.start);
  const mixtures = [mixtureOf(generating(models))];
  const before = evaluated(models, specification, { ...setting, iteration: 0 });
  const problems = problemsOf('train', setting.problemsPerSkill);
  let wrongExamples = 0;
  for (let iteration = 1; iteration <= setting.iterations; iteration += 1) {
    const place = { ...setting, iteration };
    const transcripts = debates(problems, { models, specification, split: 'train', place });
    const { trainingSets } = selectTrainingSets(
      transcripts,
      selectionSettings(specification, place),
      specification.method.select === 'reference' ? (_, answer) => answer === rightAnswer : undefined,
    );
    models = new Map(
      [...models].map(([agent, proficiency]) => [
        agent,
        learned(proficiency, trainingSets.get(agent) ?? [], { ...setting.learning, problems }),
      ]),
    );
    mixtures.push(mixtureOf(generating(models)));
    wrongExamples = wrongShare(trainingSets);
  }
  const after = evaluated(models, specification, { ...setting, iteration: setting.iterations });
  const coversAll = coversAllSkills(generating(models));
  return { mixtures, before, after, wrongExamples, coversAll, proficiencies: models };
}

/** The method as a run would have it; task and model are stand-ins that neither voting nor selection reads. */
function methodSpecification({ method, seed }: SocietySetting): RunSpecification {
  return resolveSpecification({ task: { kind: 'arithmetic' }, model: { base: 'none' }, method, seed }).specification;
}

type Place = SocietySetting & { iteration: number };
type Models = ReadonlyMap<string, Proficiency>;

function selectionSettings({ method, finetuning }: RunSpecification, { seed, iteration }: Place) {
  const { preset, ...settings } = method;
  return { ...settings, method: preset, seed, iteration, maxLength: finetuning.maxLength };
}

function startingModels({ method }: RunSpecification, start: SocietySetting['start']): Map<string, Proficiency> {
  const equal = 1 / skills.length;
  return new Map(
    trainedAgents(method).map((agent) => {
      const favourite = skills[(Number(agent.split('-')[1]) - 1) % skills.length];
      const isApart = start === 'apart' && agent !== sharedAgent;
      const difference = (isFavourite: boolean) => (isFavourite ? lead : -lead / (skills.length - 1));
      return [agent, bySkill((skill) => equal + (isApart ? difference(skill === favourite) : 0))];
    }),
  );
}

/** Proficiencies of the generation agents, or of the one model. */
function generating(models: Models): Proficiency[] {
  return [...models].filter(([agent]) => !agent.startsWith('critic-')).map(([, proficiency]) => proficiency);
}

interface Debating {
  models: Models;
  specification: RunSpecification;
  split: 'train' | 'eval';
  place: Place;
}

function debates(problems: readonly Problem[], { models, specification, split, place }: Debating): Transcript[] {
  const { seed, iteration, answering } = place;
  const rules = debateRules(specification, split);
  const voices = speakingAgents(rules);
  const byVoice = new Map(voices.map((agent) => [agent, models.get(agent) ?? models.get(sharedAgent)]));
  const proficiencyOf = (agent: string): Proficiency => {
    const proficiency = byVoice.get(agent);
    if (proficiency === undefined) throw new Error(`${agent} has no model: the simulation knows trained methods only`);
    return proficiency;
  };
  const setting = { rules, answering, proficiencyOf, seed, iteration, split };
  return problems.map((problem) => simulatedDebate(problem, setting));
}

function evaluated(models: Models, specification: RunSpecification, place: Place): Accuracies {
  const { method } = specification;
  const { members, rounds } = debateRules(specification, 'eval');
  const problems = problemsOf('eval', place.problemsPerSkill);
  const transcripts = debates(problems, { models, specification, split: 'eval', place });
  const isCorrect = (_: string, answer: string) => answer === rightAnswer;
  const { modes, perProblem } = evaluateTranscripts({
    runId: 'skills-society',
    iteration: place.iteration,
    split: 'eval',
    seed: place.seed,
    members,
    rounds,
    answersBy: method.evaluateBy,
    transcripts,
    equal: (a, b) => a === b,
    isCorrect,
  });
  const right = new Map(perProblem.map(({ problemId, correct }) => [problemId, correct.society === true]));
  const societyRight = (problemId: string) => right.get(problemId) === true;
  const [all] = specialisation({ transcripts, members, rounds, typeOf: () => undefined, isCorrect, societyRight });
  const accuracyOf = (name: string) => modes.find(({ mode }) => mode === name)?.accuracy ?? 0;
  return {
    society: accuracyOf('society'),
    sample: accuracyOf('sample'),
    anyFirst: (all?.anyFirstRight ?? 0) / problems.length,
  };
}

function wrongShare(trainingSets: SelectionResult['trainingSets']): number {
  const examples = [...trainingSets.values()].flat();
  const wrong = examples.filter(({ completion }) => completion !== rightAnswer).length;
  return examples.length === 0 ? 0 : wrong / examples.length;
}
