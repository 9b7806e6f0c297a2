/** The Markdown the Temporal UI shows as a run's current details. */
import type { RunProgress, StageTiming } from '../src/contract/run';

export function progressTable(progress: RunProgress, timings: StageTiming[]): string {
  const { done, total, failed } = progress.problems;
  const now = `**${progress.stage}**, iteration ${progress.iteration} of ${progress.iterations}: ${done} of ${total}`;
  const notes = [
    failed > 0 ? `${failed} failed` : '',
    progress.paused ? `paused: ${progress.pauseReason ?? 'asked to'}` : '',
  ];
  const rows = Object.entries(progress.accuracy).map(([iteration, accuracy]) => {
    const ofIteration = timings.filter((timing) => timing.iteration === Number(iteration));
    const seconds = ofIteration.reduce((sum, timing) => sum + timing.seconds, 0);
    const calls = ofIteration.reduce((sum, timing) => sum + timing.counts.calls, 0);
    return `| ${iteration} | ${(100 * accuracy).toFixed(1)} % | ${calls} | ${seconds.toFixed(0)} |`;
  });
  const table =
    rows.length === 0 ? [] : ['', '| iteration | accuracy | model calls | seconds |', '|---|---|---|---|', ...rows];
  return [[now, ...notes.filter((note) => note !== '')].join(' · '), ...table].join('\n');
}
