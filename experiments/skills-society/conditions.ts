/**
 * What is varied, from one reference condition. Those of proportional learning were written down before any result was
 * seen; they showed no specialisation, so a rule that favours what is practised most was added, with two strengths.
 * Everything that was tried is in the table.
 */
import type { SocietySetting } from './society';

/**
 * The society, and one model for all three ways: on the very examples that the society's agents are trained on
 * (`unique-id-tuned`; its prompts mean nothing here), on the last answers of its own debates, and on its own votes.
 */
export const methods = ['multiagent-finetuning', 'unique-id-tuned', 'single-agent', 'majority-finetuning'] as const;
export type Method = (typeof methods)[number];

export interface Condition {
  name: string;
  changes: Partial<Omit<SocietySetting, 'method' | 'seed'>>;
  /** Settings of the method that are varied, for all methods alike. */
  method?: object;
}

export const reference: Omit<SocietySetting, 'method' | 'seed'> = {
  answering: { wrongAnswers: 9, recognition: 0.5 },
  learning: { rate: 0.5, capacity: 'shared', concentration: 1 },
  start: 'equal',
  iterations: 8,
  problemsPerSkill: 50,
};

const { answering, learning } = reference;

export const conditions: readonly Condition[] = [
  { name: 'reference', changes: {} },
  { name: 'agents start apart', changes: { start: 'apart' } },
  { name: 'unlimited capacity', changes: { learning: { ...learning, capacity: 'unlimited' } } },
  {
    name: 'unlimited capacity, start apart',
    changes: { start: 'apart', learning: { ...learning, capacity: 'unlimited' } },
  },
  { name: 'more than half must agree', changes: {}, method: { minimumAgreement: 0.5 } },
  {
    name: 'more than half must agree, start apart',
    changes: { start: 'apart' },
    method: { minimumAgreement: 0.5 },
  },
  { name: 'right answers only (labels)', changes: {}, method: { select: 'reference' } },
  {
    name: 'right answers only (labels), start apart',
    changes: { start: 'apart' },
    method: { select: 'reference' },
  },
  { name: 'critics recognise nothing', changes: { answering: { ...answering, recognition: 0 } } },
  { name: 'critics recognise everything', changes: { answering: { ...answering, recognition: 1 } } },
  { name: 'guesses never right twice', changes: { answering: { ...answering, wrongAnswers: 999 } } },
  { name: 'learning rate 0.2', changes: { learning: { ...learning, rate: 0.2 } } },
  { name: 'learning rate 1', changes: { learning: { ...learning, rate: 1 } } },
  ...[2, 3].flatMap(interfering),
];

/** Skills compete for the capacity; with labels it is the paper's premise that a model learns from what it got right. */
function interfering(concentration: number): Condition[] {
  const changes = { learning: { ...learning, concentration } };
  const apart = { ...changes, start: 'apart' } as const;
  const labels = { select: 'reference' };
  const name = `exponent ${concentration}`;
  return [
    { name, changes },
    { name: `${name}, start apart`, changes: apart },
    { name: `${name}, right answers only (labels)`, changes, method: labels },
    { name: `${name}, right answers only (labels), start apart`, changes: apart, method: labels },
  ];
}
