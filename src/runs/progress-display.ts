/** Shows a run's progress: a bar in a terminal, or occasional lines if output goes to a file. */
import { SingleBar } from 'cli-progress';
import type { RunProgress } from '../contract/run';
import { visibleLine, visibleText } from '../visible-text';

export interface ProgressDisplay {
  /** @param server What the model server is doing, in words; empty if unknown. */
  show(progress: RunProgress, server?: string): void;
  /** A line above the bar. */
  note(text: string): void;
  stop(): void;
}

const lineEveryMs = 15_000;

/** @param stream Where to write; a terminal gets a bar. */
export function createProgressDisplay(stream: NodeJS.WriteStream, now: () => number = Date.now): ProgressDisplay {
  const pace = createPace(now);
  const display = stream.isTTY ? barDisplay(stream, pace) : lineDisplay(stream, pace, now);
  // Before the run is resolved there is nothing to count.
  return {
    ...display,
    show: (progress, server) => (progress.problems.total > 0 ? display.show(progress, server) : undefined),
  };
}

function barDisplay(stream: NodeJS.WriteStream, pace: Pace): ProgressDisplay {
  const format = ' {stage} {bar} {value}/{total} · {detail}';
  const bar = new SingleBar({ stream, format, barsize: 24, hideCursor: true, clearOnComplete: true, linewrap: false });
  let started = false;
  return {
    show(progress, server) {
      const { done, total } = progress.problems;
      const payload = { stage: stageName(progress), detail: pace(progress, server) };
      if (!started) bar.start(Math.max(1, total), done, payload);
      started = true;
      bar.setTotal(Math.max(1, total));
      bar.update(Math.min(done, total), payload);
    },
    note(text) {
      if (started) stream.write('\r\u001b[2K');
      stream.write(`${visibleText(text)}\n`);
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

function lineDisplay(stream: NodeJS.WriteStream, pace: Pace, now: () => number): ProgressDisplay {
  let lastAt = -Infinity;
  let lastStage = '';
  return {
    show(progress, server) {
      const stage = stageName(progress);
      if (stage === lastStage && now() - lastAt < lineEveryMs) return;
      lastAt = now();
      lastStage = stage;
      const { done, total } = progress.problems;
      stream.write(`${stage} ${done}/${total} · ${pace(progress, server)}\n`);
    },
    note: (text) => void stream.write(`${visibleText(text)}\n`),
    stop: () => undefined,
  };
}

export function stageName({ stage, iteration, iterations }: RunProgress): string {
  return `iteration ${iteration}/${iterations} ${stage.padEnd(8)}`;
}

type Pace = (progress: RunProgress, server?: string) => string;

/** Tokens per second and time left of the open stage, measured since this display first saw it. */
function createPace(now: () => number): Pace {
  let stage = '';
  let first = { at: 0, done: 0, tokens: 0 };
  return (progress, server = '') => {
    const seen = { at: now(), done: progress.problems.done, tokens: progress.counts.completionTokens };
    if (stageName(progress) !== stage) {
      stage = stageName(progress);
      first = seen;
    }
    const seconds = (seen.at - first.at) / 1000;
    const parts = [
      seen.tokens > first.tokens && seconds > 0 ? `${Math.round((seen.tokens - first.tokens) / seconds)} tokens/s` : '',
      timeLeft(progress.problems.total - seen.done, seen.done - first.done, seconds),
      server,
      progress.problems.failed > 0 ? `${progress.problems.failed} failed` : '',
      progress.landing === undefined ? '' : `LANDING: ${visibleLine(progress.landing.why)}`,
      progress.paused ? `PAUSED: ${visibleLine(progress.pauseReason ?? 'on request')}` : '',
    ];
    return parts.filter((part) => part !== '').join(' · ') || 'starting';
  };
}

function timeLeft(left: number, done: number, seconds: number): string {
  if (done <= 0 || seconds < 2 || left <= 0) return '';
  const secondsLeft = Math.round((left * seconds) / done);
  return secondsLeft < 90 ? `${secondsLeft} s left in stage` : `${Math.round(secondsLeft / 60)} min left in stage`;
}
