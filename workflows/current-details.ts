/** The Markdown the Temporal UI shows as a run's current details: lists, since it runs the lines of a table together. */
import type { OpenApproval, PromotionOutcome } from '../src/contract/promotion';
import type { RunProgress, StageTiming } from '../src/contract/run';

export function progressList(progress: RunProgress, timings: StageTiming[], promotion?: PromotionOutcome): string {
  const { done, total, failed } = progress.problems;
  const now = `**${progress.stage}**, iteration ${progress.iteration} of ${progress.iterations}: ${done} of ${total}`;
  const lines = [
    now,
    failed > 0 ? `${failed} failed` : '',
    progress.paused ? `**paused**: ${progress.pauseReason ?? 'asked to'}` : '',
    progress.landing === undefined ? '' : `**lands early**: ${progress.landing.why}`,
    approvalLine(progress.approval),
    promotion === undefined ? '' : `**${promotion.promoted ? 'promoted' : 'not promoted'}**: ${promotion.why}`,
    ...Object.entries(progress.accuracy).map(([iteration, accuracy]) =>
      evaluatedLine(Number(iteration), accuracy, timings),
    ),
  ];
  return lines
    .filter((line) => line !== '')
    .map((line) => `- ${line}`)
    .join('\n');
}

function approvalLine(approval: OpenApproval | undefined): string {
  if (approval === undefined) return '';
  const { question, until, otherwise } = approval;
  return `**waits for the update approve or reject** until ${until}, then ${otherwise}: ${question}`;
}

function evaluatedLine(iteration: number, accuracy: number, timings: StageTiming[]): string {
  const ofIteration = timings.filter((timing) => timing.iteration === iteration);
  const seconds = ofIteration.reduce((sum, timing) => sum + timing.seconds, 0);
  const calls = ofIteration.reduce((sum, timing) => sum + timing.counts.calls, 0);
  return `iteration ${iteration}: accuracy ${(100 * accuracy).toFixed(1)} %, ${calls} model calls, ${seconds.toFixed(0)} s`;
}
