/** Draws the splits of a run from the pools of a data set: seeded, disjoint by id and by normalised question. */
import type { TaskSettings } from './kinds/all';
import { orderByDraw } from '../domain/draws';
import { InvalidRunSpec } from '../errors';
import { normalisedText } from '../domain/normalised-text';
import type { ProblemPools } from './problem-pools';
import type { DrawnProblems, DrawRequest, LabelledProblem } from './task';

type Settings = Pick<TaskSettings, 'kind' | 'train' | 'eval' | 'problems'>;

/**
 * Evaluation is drawn first, so it does not depend on the number of training problems; it never has problems without a
 * reference answer. Throws `InvalidRunSpec`, with the numbers available, if the pools are too small.
 */
export function drawSplits(pools: ProblemPools, settings: Settings, request: DrawRequest): DrawnProblems {
  const { seed, iterations, evaluatedElsewhere, validation = 0 } = request;
  const order = (problems: readonly LabelledProblem[]) => orderByDraw(problems, ({ id }) => `split/${seed}/${id}`);
  const trainingSets = settings.problems === 'fresh' ? iterations : Math.min(iterations, 1);
  const wantedForTraining = trainingSets * settings.train;
  const labelled = pools.eval.filter(({ answer }) => answer !== undefined);
  const free = (problems: readonly LabelledProblem[]) =>
    problems.filter(({ question }) => !evaluatedElsewhere?.has(normalisedText(question)));
  const reserve =
    evaluatedElsewhere !== undefined && pools.shared ? free(pools.train).length - wantedForTraining : Infinity;
  const evaluation = order(labelled).slice(0, Math.max(0, Math.min(settings.eval, reserve)));
  const taken = new Set(evaluation.map(({ id }) => id));
  const training = order(free(pools.train).filter(({ id }) => !taken.has(id)));
  const isShort = evaluatedElsewhere === undefined && evaluation.length < settings.eval;
  if (isShort || training.length < wantedForTraining) throw tooFew(pools, settings, trainingSets, training.length);
  const left = training.slice(wantedForTraining).filter(({ answer }) => answer !== undefined);
  if (left.length < validation) throw tooFewForValidation(validation, left.length);
  const sets = Array.from({ length: trainingSets }, (_, set) =>
    training.slice(set * settings.train, (set + 1) * settings.train),
  );
  const train = settings.problems === 'fresh' ? sets : Array.from({ length: iterations }, () => sets[0] ?? []);
  return {
    eval: evaluation,
    train,
    ...(validation === 0 ? {} : { validation: left.slice(0, validation) }),
    sources: pools.sources,
    notices: noticesOn(pools, settings.kind),
  };
}

function tooFew(
  pools: ProblemPools,
  settings: Settings,
  trainingSets: number,
  leftForTraining: number,
): InvalidRunSpec {
  const [train, evaluation] = pools.sources;
  const labelled = pools.eval.filter(({ answer }) => answer !== undefined).length;
  const unlabelled = pools.eval.length - labelled;
  const wanted = trainingSets * settings.train;
  const training = trainingSets > 1 ? `${trainingSets} × ${settings.train} = ${wanted}` : `${wanted}`;
  const withAnswers = unlabelled > 0 ? ` with a reference answer (${unlabelled} without cannot be evaluated on)` : '';
  const there = pools.shared
    ? `${evaluation?.path} has ${labelled} different problems for both${withAnswers}`
    : `there are ${labelled} for evaluation${withAnswers} in ${evaluation?.path} and ${leftForTraining} for training in ${train?.path}`;
  const remarks = noticesOn(pools, settings.kind);
  return new InvalidRunSpec([
    `task: ${settings.eval} problems for evaluation and ${training} for training (problems ${settings.problems}) are asked ` +
      `for, but ${there}; ask for fewer with task.train and task.eval${remarks.length > 0 ? ` (${remarks.join('; ')})` : ''}`,
  ]);
}

function tooFewForValidation(wanted: number, left: number): InvalidRunSpec {
  return new InvalidRunSpec([
    `stopWhen.validation: ${wanted} problems are asked for, but only ${left} with a reference answer are left beside ` +
      'training and evaluation; ask for fewer, or for fewer with task.train',
  ]);
}

/** Sentences on what was left out, and why. */
export function noticesOn({ duplicates, inBoth, leftOut }: ProblemPools, kind: string): string[] {
  const filtered = Object.entries(leftOut).map(([why, count]) => `${kind}: ${count} problems left out: ${why}`);
  const repeated = `${kind}: ${duplicates} rows repeat an earlier question and were left out`;
  const leaked = `${kind}: ${inBoth} training problems are also among the test questions and were left out`;
  return [...filtered, ...(duplicates > 0 ? [repeated] : []), ...(inBoth > 0 ? [leaked] : [])];
}
