/**
 * Untuned methods that one run measures at once: a debate's first answers are samples of the base model and votes over
 * them, so base, majority and debate need one run, not three (method.md, Methods: the untuned first round serves them all).
 */
import type { AnswerMode } from '../contract/evaluation';
import type { InstructionSettings } from '../contract/method';
import type { RunSpecification } from '../contract/specification';
import { evaluationSize } from './debate-rules';
import { canonicalJson } from './digests';
import { nameOfBase } from './society';

/** Whether nothing is trained, so iteration 0 is the whole result. */
export function isUntuned({ method }: RunSpecification): boolean {
  return method.weights === 'none';
}

/** The mode of `host`'s evaluation that is the method's answer; undefined if `host` asks its models anything else. */
export function readingIn(host: RunSpecification, method: RunSpecification): AnswerMode | undefined {
  if (!isUntuned(host) || !isUntuned(method)) return undefined;
  if (canonicalJson(answerOf(host)) === canonicalJson(answerOf(method))) return 'society';
  if (canonicalJson(firstRoundOf(host)) !== canonicalJson(firstRoundOf(method))) return undefined;
  return evaluationSize(method).rounds > 1 ? undefined : voteOf(votesOf(method));
}

/** Larger debates first: a run precedes the methods that can be read from it. */
export function byDebateSize(left: RunSpecification, right: RunSpecification): number {
  const [first, second] = [evaluationSize(left), evaluationSize(right)];
  return second.rounds - first.rounds || second.members * second.rounds - first.members * first.rounds;
}

/** Samples a method of one round votes over; 1 for one that samples. */
function votesOf(specification: RunSpecification): number {
  const { evaluateBy, samples } = specification.method;
  return evaluateBy === 'sample' ? 1 : (samples ?? evaluationSize(specification).members);
}

function voteOf(samples: number): AnswerMode {
  return samples === 1 ? 'sample' : `vote-${samples}`;
}

/** Settings of the later rounds, which do not matter to a method of one round. */
const laterRounds = ['rounds', 'summary', 'summaryShowsQuestion', 'critics'];
/** Settings of training, which do not matter here: nothing is trained. */
const training = [
  'correctedShare',
  'mixing',
  'criticTarget',
  'minimumAgreement',
  'select',
  'hint',
  'sharedTargets',
  'distil',
];
const sizes = ['members', 'samples', 'evaluateBy', 'preset'];

/** What decides how the first answers are drawn. All that is not listed as irrelevant counts, as new settings do. */
function firstRoundOf(specification: RunSpecification): object {
  const { sampling, method, evaluation } = specification;
  return {
    ...without(specification, ['name', 'iterations', 'stopWhen', 'guard', 'finetuning', 'evaluation', 'execution']),
    sampling: sampling.generation,
    method: without(method, [...laterRounds, ...training, ...sizes]),
    firstRoundBy: evaluation.firstRoundBy,
    // Sample j is drawn as member ((j − 1) mod N) + 1 would: N matters if members are told different things.
    members: differsByMember(method.instructions) ? evaluationSize(specification).members : undefined,
  };
}

function differsByMember(instructions: InstructionSettings): boolean {
  if (typeof instructions === 'string') return instructions === 'unique-id' || instructions === 'varied';
  const { generation } = instructions;
  return Array.isArray(generation) || (generation ?? '').includes('{member}');
}

/**
 * Identifies how the untuned model answers, whatever the problems: specifications that differ only in the debate, in
 * training and in the task have the same value. A method is measured against the untuned vote of the same value.
 */
export function untunedOrigin(specification: RunSpecification): string {
  const { model, method } = specification;
  return canonicalJson({
    ...without(firstRoundOf(specification), ['task', 'evalTask', 'seed']),
    model: without(asAsked(model), ['society']),
    method: without(method, [...laterRounds, ...training, ...sizes, 'weights']),
  });
}

/**
 * Bases by the names that endpoints are asked for: of weights served elsewhere, a run that trains knows the commit, and one
 * that only measures does not.
 */
function asAsked({ members, ...model }: RunSpecification['model']): object {
  const named = <Named extends { base: string }>(each: Named) => ({
    ...each,
    base: nameOfBase({ endpoint: model.endpoint, ...each }),
  });
  return { ...named(model), ...(members === undefined ? {} : { members: members.map(named) }) };
}

/** The same for the whole answer. */
function answerOf(specification: RunSpecification): object {
  const { method, sampling } = specification;
  const { rounds, members } = evaluationSize(specification);
  const { evaluateBy, samples } = method;
  const debate =
    rounds === 1 ? {} : { sampling, method: without(method, [...training, 'preset', 'rounds', 'members']) };
  return { ...firstRoundOf(specification), debate, rounds, members, evaluateBy, samples };
}

function without(value: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}
