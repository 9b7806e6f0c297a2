/** Ctrl-C as an abort signal. */

/** Aborted with `reason` by the first Ctrl-C, SIGTERM or SIGHUP; the second ends the process at once. */
export function abortedBySignals(reason: Error): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(reason);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return controller.signal;
}
