/** Which settings make no sense beside which others, and why: one rule per contradiction. */
import type { RunSpecification } from '../contract/specification';
import { evaluationSize, societySize } from '../domain/debate-rules';
import { trainedAgents, tunedAgents } from '../domain/plan';
import { lossesOf, roleOf } from '../domain/role-settings';
import type { Path } from './plain-objects';

export interface Rule {
  /** Whether the rule holds for these settings. */
  when(specification: RunSpecification): boolean;
  /** Fields that may then not be given. */
  fields: readonly Path[];
  /** Whether a given value is impossible; absent if every value is. */
  refuses?(value: unknown, specification: RunSpecification): boolean;
  why: string | ((specification: RunSpecification) => string);
}

const method = (...keys: string[]): Path[] => keys.map((key) => ['method', key]);

/** What decides a critic's training set. */
const criticTraining = method('correctedShare', 'mixing', 'criticTarget');

const trainsCritics = ({ method: settings }: RunSpecification): boolean =>
  tunedAgents(settings).some((agent) => agent.startsWith('critic-'));

const hasLaterRounds = (specification: RunSpecification): boolean => societySize(specification).rounds > 1;

const learnsLastAnswers = ({ method: { weights, sharedTargets } }: RunSpecification): boolean =>
  weights === 'one' && sharedTargets === 'last-round';

/** Whether any agent that is trained learns preferences. */
function learnsPreferences({ method: settings, finetuning }: RunSpecification): boolean {
  return trainedAgents(settings).some((agent) => lossesOf(finetuning)[roleOf(agent)] !== 'supervised');
}

const readsWhatNobodyElseReads =
  'no two critics read the same messages, so their responses make no pairs; use "kto", which needs none';

/** Ordered: a field is reported under the first rule that refuses it. */
export const rules: readonly Rule[] = [
  {
    when: ({ line }) => line !== undefined,
    fields: [['stopWhen', 'signal']],
    refuses: (value) => value === 'plateau',
    why: 'a line has held-out problems and no validation split; its gate decides what a run was worth',
  },
  {
    when: ({ method: { weights } }) => weights === 'none',
    fields: [
      ...criticTraining,
      ...method('select', 'minimumAgreement', 'hint', 'sharedTargets', 'critics'),
      ['stopWhen'],
      ['guard'],
      ['finetuning', 'generation'],
      ['finetuning', 'critic'],
      ['finetuning', 'loss'],
      ['finetuning', 'beta'],
      ['finetuning', 'matchTrainingTokens'],
      ['finetuning', 'matchTrajectories'],
    ],
    why: 'with method.weights "none" nothing is trained, so nothing is selected',
  },
  {
    when: ({ method: { weights } }) => weights === 'none',
    fields: [['iterations']],
    refuses: (value) => value !== 0,
    why: 'with method.weights "none" nothing is trained, so there is only iteration 0; leave it out or give 0',
  },
  {
    when: ({ method: { rounds } }) => rounds === 1,
    fields: [...criticTraining, ['finetuning', 'critic']],
    why: 'with method.rounds 1 there are no critics and no summaries, so no critic can be trained',
  },
  {
    when: (specification) => !hasLaterRounds(specification),
    fields: [
      ...method('summary', 'summaryShowsQuestion', 'critics'),
      ['method', 'instructions', 'critic'],
      ['sampling', 'critic'],
      ['sampling', 'summariser'],
    ],
    why: 'with method.rounds 1 there are no critics and no summaries',
  },
  {
    when: (specification) => (specification.evaluation.rounds ?? specification.method.rounds) === 1,
    fields: method('evaluateBy'),
    refuses: (value) => value === 'debate',
    why: 'with one round there is no debate; use "vote" or "sample", or give evaluation.rounds 2 or more',
  },
  {
    when: ({ method: { evaluateBy } }) => evaluateBy !== 'debate',
    fields: [['evaluation', 'rounds']],
    refuses: (value) => value !== 1,
    why: 'only method.evaluateBy "debate" has more than one round; set it as well',
  },
  {
    when: ({ method: { evaluateBy } }) => evaluateBy !== 'vote',
    fields: method('samples'),
    why: 'only method.evaluateBy "vote" votes over samples; evaluation.votes.samples sets the vote beside other answers',
  },
  {
    when: (specification) => societySize(specification).members === 1,
    fields: method('summary', 'summaryShowsQuestion'),
    refuses: (value) => value === true,
    why: 'with method.members 1 there are no other responses to summarise',
  },
  {
    when: ({ method: { summary } }) => !summary,
    fields: method('summaryShowsQuestion'),
    refuses: (value) => value === true,
    why: 'with method.summary false there is no summariser',
  },
  {
    when: learnsLastAnswers,
    fields: criticTraining,
    why:
      'with method.weights "one" there is one model and no critic with a training set of its own ' +
      '(method.sharedTargets "every-agent" trains it on the sets that critics would have)',
  },
  {
    when: ({ method: { weights } }) => weights === 'one',
    fields: [...method('critics'), ['finetuning', 'generation'], ['finetuning', 'critic']],
    why: 'with method.weights "one" the one model answers every round',
  },
  {
    when: ({ method: { weights } }) => weights !== 'one',
    fields: method('sharedTargets'),
    why: 'only with method.weights "one" is there one model for all to be trained',
  },
  {
    when: ({ method: { weights, sharedTargets } }) => weights === 'one' && sharedTargets === 'every-agent',
    fields: method('criticTarget'),
    refuses: (value) => value === 'all-rounds',
    why: 'with method.sharedTargets "every-agent" first responses are in the union already and would be trained on twice',
  },
  {
    when: (specification) => specification.method.weights === 'per-agent' && !trainsCritics(specification),
    fields: [...criticTraining, ['finetuning', 'critic']],
    why: 'with these method.critics no critic is trained',
  },
  {
    when: ({ method: { critics } }) => critics === 'generation',
    fields: [['method', 'instructions', 'critic']],
    why: 'with method.critics "generation" no critic speaks',
  },
  {
    when: ({ method: { select } }) => select === 'none',
    fields: method('correctedShare', 'mixing', 'minimumAgreement'),
    why: 'with method.select "none" every response is kept: there is no consensus to exceed and nothing to mix',
  },
  {
    when: ({ method: { select } }) => select === 'reference',
    fields: method('minimumAgreement'),
    why: 'with method.select "reference" the label decides, not the consensus',
  },
  {
    when: ({ method: { hint } }) => hint,
    fields: method('select'),
    refuses: (value) => value !== 'reference',
    why: 'a hint is the reference answer, which only method.select "reference" may read',
  },
  {
    when: ({ method: { select } }) => select !== 'reference',
    fields: method('hint'),
    refuses: (value) => value === true,
    why: 'a hint is the reference answer, which only method.select "reference" may read; set it as well',
  },
  {
    when: ({ method: { hint } }) => hint,
    fields: method('rounds'),
    refuses: (value) => value !== 1,
    why: 'with method.hint first answers are asked for again; method.rounds must be 1 (evaluation.rounds may be more)',
  },
  {
    when: ({ method: { rounds } }) => rounds > 1,
    fields: method('hint'),
    refuses: (value) => value === true,
    why: 'hints are given in the first round; method.rounds must be 1 (evaluation.rounds may be more)',
  },
  {
    when: ({ method: { weights } }) => weights !== 'per-agent',
    fields: [['evaluation', 'firstRoundBy']],
    refuses: (value) => value !== 'own',
    why: 'only with method.weights "per-agent" does one generation agent differ from another',
  },
  {
    when: () => true,
    fields: [['evaluation', 'firstRoundBy']],
    refuses: (value, specification) =>
      value !== 'own' && Number(String(value).split('-')[1]) > societySize(specification).members,
    why: (specification) =>
      `there is no such member; it must be "own" or one of "generation-1" to "generation-${societySize(specification).members}"`,
  },
  {
    when: (specification) =>
      specification.method.weights === 'per-agent' &&
      evaluationSize(specification).members > specification.method.members,
    fields: [['evaluation', 'members']],
    why: ({ method: { members } }) =>
      `with method.weights "per-agent" only the ${members} members of the training debate have tuned weights; it must be at most ${members}`,
  },
  {
    when: ({ method: { weights }, model }) =>
      weights === 'one' && (model.members ?? []).some(({ base }) => base !== model.base),
    fields: [['model', 'members']],
    why: 'with method.weights "one" all members share one model, which has one base: model.base',
  },
  {
    when: ({ method: settings, finetuning }) =>
      trainedAgents(settings).some((agent) => roleOf(agent) === 'critic') && lossesOf(finetuning).critic === 'dpo',
    fields: [
      ['finetuning', 'loss'],
      ['finetuning', 'critic', 'loss'],
    ],
    refuses: (value) => value === 'dpo',
    why: `${readsWhatNobodyElseReads} (finetuning.critic.loss)`,
  },
  {
    when: ({ method: { weights, sharedTargets } }) => weights === 'one' && sharedTargets === 'every-agent',
    fields: [['finetuning', 'loss']],
    refuses: (value) => value === 'dpo',
    why: readsWhatNobodyElseReads,
  },
  {
    when: ({ method: { select, hint } }) => select === 'none' || hint,
    fields: [
      ['finetuning', 'loss'],
      ['finetuning', 'generation', 'loss'],
      ['finetuning', 'critic', 'loss'],
    ],
    refuses: (value) => value !== 'supervised',
    why: 'a preference is between a response that method.select takes and one that it does not; with "none", and with hints, there is no such choice',
  },
  {
    when: learnsPreferences,
    fields: method('select'),
    refuses: (value) => value === 'none',
    why: 'this method learns preferences (finetuning.loss), and with "none" no response is preferred to another',
  },
  {
    when: (specification) => !learnsPreferences(specification),
    fields: [
      ['finetuning', 'beta'],
      ['finetuning', 'generation', 'beta'],
      ['finetuning', 'critic', 'beta'],
    ],
    why: 'only the losses "dpo" and "kto" have it; set finetuning.loss as well',
  },
  {
    when: ({ method: { distil } }) => distil === true,
    fields: [['iterations']],
    refuses: (value) => value !== 1,
    why: 'with method.distil the trained model learns from model.society once; a second iteration would learn from itself',
  },
  {
    when: ({ stopWhen }) => stopWhen.signal !== 'plateau',
    fields: [['stopWhen', 'validation']],
    why: 'only stopWhen.signal "plateau" has a validation split',
  },
  {
    when: ({ evaluation }) => !evaluation.measures.includes('nll'),
    fields: [['evaluation', 'scorer']],
    why: 'evaluation.measures does not ask for "nll", which is all that it would score',
  },
  {
    when: ({ evaluation }) => !evaluation.measures.includes('embedding'),
    fields: [['evaluation', 'embedding']],
    why: 'evaluation.measures does not ask for "embedding"',
  },
];
