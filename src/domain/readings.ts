/**
 * Untuned methods that one run measures at once: a debate's first answers are samples of the base model and votes over
 * them, so base, majority and debate need one run, not three (method, section 5: the untuned first round serves them all).
 */
import type { AnswerMode } from '../contract/evaluation';
import type { RunSpecification } from '../contract/specification';
import { canonicalJson } from './digests';

/** Whether nothing is trained, so that all there is to know is iteration 0. */
export function isUntuned({ method }: RunSpecification): boolean {
  return method.weights === 'none';
}

/** How the method's answer is found in an evaluation of `host`; undefined where that asks its models anything else. */
export function readingIn(host: RunSpecification, method: RunSpecification): AnswerMode | undefined {
  if (!isUntuned(host) || !isUntuned(method)) return undefined;
  if (canonicalJson(debateOf(host)) === canonicalJson(debateOf(method))) return 'society';
  if (canonicalJson(firstRoundOf(host)) !== canonicalJson(firstRoundOf(method))) return undefined;
  const { evaluateBy } = method.method;
  return evaluateBy === 'debate' && method.method.rounds > 1 ? undefined : voteOf(votesOf(method));
}

/** Samples an untuned method votes over; 1 for one that samples. */
export function votesOf({ method }: RunSpecification): number {
  return method.evaluateBy === 'sample' ? 1 : method.members;
}

/** Larger debates first: what others can be read from comes before them. */
export function byDebateSize(left: RunSpecification, right: RunSpecification): number {
  return debateCalls(right) - debateCalls(left);
}

function voteOf(samples: number): AnswerMode {
  return samples === 1 ? 'sample' : `vote-${samples}`;
}

function debateCalls({ method }: RunSpecification): number {
  return method.evaluateBy === 'debate' ? method.members * method.rounds : 1 / (1 + method.members);
}

/** What decides how the first answers are drawn. All that is not listed as irrelevant counts, so that a new setting does. */
function firstRoundOf({
  name: _,
  iterations: _l,
  finetuning: _f,
  evaluation: _e,
  execution: _x,
  ...rest
}: RunSpecification) {
  const { sampling, method, ...others } = rest;
  const { preset: _p, members: _n, rounds: _m, summary: _s, evaluateBy: _b, ...settings } = method;
  return { ...others, sampling: sampling.generation, settings: withoutTraining(settings) };
}

/** The same for a whole debate. */
function debateOf(specification: RunSpecification) {
  const { method, sampling } = specification;
  const { members, rounds, summary, evaluateBy } = method;
  return { ...firstRoundOf(specification), debateSampling: sampling, members, rounds, summary, evaluateBy };
}

/** Nothing is trained, so how it would be is no difference. */
function withoutTraining(settings: object): object {
  const training = ['correctedShare', 'mixing', 'criticTarget', 'minimumAgreement', 'select'];
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !training.includes(key)));
}
