/** How set-up says what it does. Every step names what, how large, and ends with how long it took. */

import { visibleText } from '../../visible-text';

/** Told one line at a time, without a line end; `transient` lines may be overwritten by the next one on a terminal. */
export type SetupListener = (line: string, options?: { transient?: boolean }) => void;

function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.round(bytes / 1e3)} kB`;
}

/** Runs one step and reports it at its start, every ten seconds (so a log file shows life), and at its end. */
export async function withProgress<T>(
  listener: SetupListener,
  title: string,
  step: (say: SetupListener) => Promise<T>,
): Promise<T> {
  const started = Date.now();
  let latest = '';
  let saidAt = started;
  const say: SetupListener = (line, options) => {
    latest = line;
    saidAt = Date.now();
    listener(`  ${line} · ${formatDuration(Date.now() - started)}`, options);
  };
  listener(title);
  const heartbeat = setInterval(() => {
    if (Date.now() - saidAt >= 9_000) say(latest === '' ? 'still working' : latest);
  }, 10_000);
  try {
    const result = await step(say);
    listener(`  done in ${formatDuration(Date.now() - started)}`);
    return result;
  } finally {
    clearInterval(heartbeat);
  }
}

/** Writes progress to stderr (stdout belongs to results): overwriting on a terminal, plain lines elsewhere. */
export function stderrListener(stream: NodeJS.WriteStream = process.stderr): SetupListener {
  let overwritable = false;
  return (said, options = {}) => {
    // Of pip, servers and children, as they said it.
    const line = visibleText(said);
    const back = overwritable ? '\r\u001b[K' : '';
    overwritable = stream.isTTY && options.transient === true;
    stream.write(overwritable ? `${back}${line.slice(0, (stream.columns || 80) - 1)}` : `${back}${line}\n`);
  };
}
