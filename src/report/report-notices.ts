/** What a reader must know to read the numbers correctly: everything skipped, dropped, unfinished or unusual. */
import { addCounts, isLowerBound, isUncounted, noCounts } from '../domain/counts';
import { sumOf } from '../domain/statistics';
import { endingNotices } from './ending-notices';
import { count, counted, percent } from '../pages/numbers';
import { probingCosts } from './known-costs';
import type { IterationArtifacts, ReportInput } from './report-input';

/** Notices of the run's plan and of the input, and those that follow from the artifacts; each once. */
export function reportNotices(input: ReportInput): string[] {
  const found = [
    ...stateNotices(input),
    ...(input.endedEarly === undefined ? [] : [input.endedEarly]),
    ...startNotices(input),
    ...selectionRuleNotices(input),
    ...input.run.plan.notices,
    ...input.notices,
    ...usageNotices(input),
    ...stageEndingNotices(input),
    ...countNotices(input.iterations),
  ];
  return [...new Set(found)];
}

function stateNotices({ run, state, iterations }: ReportInput): string[] {
  const evaluated = iterations.filter(({ iteration, evaluation }) => iteration > 0 && evaluation !== undefined).length;
  const progress = `${evaluated} of ${counted(run.plan.iterations, 'iteration')} evaluated`;
  if (state === 'completed') return [];
  return [`Not finished when this was written: ${progress}. Whether it still goes on: maft status ${run.runId}`];
}

function startNotices({ run: { startedFrom } }: ReportInput): string[] {
  if (startedFrom === undefined) return [];
  const { runId, iteration, version } = startedFrom;
  return [
    `Iteration 0 is the society of iteration ${iteration} of run ${runId} (version ${version.slice(0, 12)}…), not an untuned one.`,
  ];
}

function usageNotices({ timings }: ReportInput): string[] {
  const counts = addCounts(noCounts, ...timings.map((timing) => timing.counts));
  const { calls, withoutPromptTokens = 0, withoutCompletionTokens = 0 } = counts;
  if (isLowerBound(counts)) {
    const missing = `tokens read in ${count(withoutPromptTokens)} and tokens written in ${count(withoutCompletionTokens)} of ${counted(calls, 'call')}`;
    return [`The endpoint did not say the ${missing}: sums of tokens and money are at least what is shown (≥).`];
  }
  if (!isUncounted(counts)) return [];
  return [
    'The endpoint does not say how many tokens it read and wrote: where tokens or money are 0 here, they are not known.',
  ];
}

function stageEndingNotices({ timings, iterations }: ReportInput): string[] {
  const parts = timings.map(({ stage, iteration, counts }) => ({
    place: `(${stage}, iteration ${iteration})`,
    counts,
  }));
  const probing = probingCosts(iterations).map(({ iteration, counts }) => ({
    place: `(evaluate: do critics read, iteration ${iteration})`,
    counts,
  }));
  return endingNotices([...parts, ...probing]);
}

/** What the rules named beside the results mean. */
function selectionRuleNotices({ run }: ReportInput): string[] {
  const { method, stopWhen, iterations } = run.specification;
  const bySelection = {
    consensus: [],
    reference: [
      'Training examples were selected by reference answers (select: reference), not by consensus: this run is not label-free.',
    ],
    none: ['Training examples were not selected at all (select: none): this run is a control.'],
  };
  const byPlateau =
    stopWhen.signal === 'plateau' && iterations > 0
      ? [
          'Reference answers of the validation split decide when this run ends (stopWhen: plateau): it is not label-free.',
        ]
      : [];
  return [...bySelection[method.select], ...byPlateau];
}

/** A notice that applies to several iterations appears once and lists them. */
function countNotices(iterations: IterationArtifacts[]): string[] {
  const found = countedEvents.map(({ sentence, of }) => {
    const events = iterations.flatMap((artifacts) =>
      of(artifacts).map((event) => `${event} at iteration ${artifacts.iteration}`),
    );
    return events.length === 0 ? null : `${sentence}: ${events.join(', ')}.`;
  });
  return found.filter((notice) => notice !== null);
}

const countedEvents: { sentence: string; of: (artifacts: IterationArtifacts) => string[] }[] = [
  {
    sentence: 'Evaluation problems that failed after all retries and count as wrong',
    of: ({ evaluation }) => share(evaluation?.failed, evaluation?.problems),
  },
  {
    sentence: 'Training problems that failed after all retries, not used for training',
    of: ({ selection }) => share(selection?.consensus.failed, selection?.problems),
  },
  {
    sentence: 'Training problems without a consensus, not used for training',
    of: ({ selection }) => share(selection?.consensus.none, selection?.problems),
  },
  {
    sentence: 'Responses that did not fit finetuning.maxLength and were left out, not cut',
    of: ({ selection }) =>
      share(
        sumOf(selection?.agents ?? [], ({ outcomes }) => outcomes['too-long'] ?? 0),
        sumOf(selection?.agents ?? [], ({ responses }) => responses),
      ),
  },
  {
    sentence: 'Training examples that the trainer found longer than finetuning.maxLength and left out, not cut',
    of: ({ weights }) =>
      weights.flatMap(({ agent, training }) =>
        training?.tooLong === undefined ? [] : [`${count(training.tooLong)} of ${agent}`],
      ),
  },
  {
    sentence:
      'Training examples that spell control tokens of the base model, which the endpoint may have read as such, left out',
    of: ({ weights }) =>
      weights.flatMap(({ agent, training }) =>
        training?.spelled === undefined ? [] : [`${count(training.spelled)} of ${agent}`],
      ),
  },
  {
    sentence:
      'Agents whose weights are the same as before, although they were trained (the rate is too low for the stored type)',
    of: ({ weights }) => weights.filter(({ training }) => training?.unchanged).map(({ agent }) => agent),
  },
  {
    sentence: 'Training examples that rest on a consensus decided by a tie draw',
    of: ({ selection }) =>
      share(
        sumOf(selection?.agents ?? [], ({ trainedOnTie }) => trainedOnTie),
        sumOf(selection?.agents ?? [], ({ examples }) => examples),
      ),
  },
  {
    sentence: 'Agents that kept their weights because their training set was empty',
    of: ({ weights }) => {
      const empty = weights.filter(({ outcome }) => outcome === 'empty-training-set').map(({ agent }) => agent);
      return empty.length === weights.length && empty.length > 1 ? ['all agents'] : empty;
    },
  },
];

/** `6 of 500 (1.2 %)`; empty if there were none. */
function share(part: number | undefined, whole: number | undefined): string[] {
  if (part === undefined || whole === undefined || part === 0) return [];
  return [`${count(part)} of ${count(whole)} (${percent(part / whole)})`];
}
