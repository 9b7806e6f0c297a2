/** The progress of a run and of all its open children, added up. */
import type { Client } from '@temporalio/client';
import type { PartProgress, RunProgress } from '../contract/run';
import { addCounts } from '../domain/counts';

/**
 * Asks the root, then every open child. A child that closes in between is left out: its parent counts it the next time.
 * Each query is a workflow task, so do not ask more often than every two seconds.
 */
export async function readProgress(client: Client, workflowId: string): Promise<RunProgress> {
  const root = await client.workflow.getHandle(workflowId).query<RunProgress>('progress');
  const parts = await Promise.all(root.openChildren.map((child) => readPart(client, child)));
  const open = parts.reduce(addParts, emptyPart);
  return {
    ...root,
    problems: {
      ...root.problems,
      done: root.problems.done + open.problems.done,
      failed: root.problems.failed + open.problems.failed,
    },
    counts: addCounts(root.counts, open.counts),
    paused: root.paused || open.paused,
    pauseReason: root.pauseReason ?? open.pauseReason,
  };
}

async function readPart(client: Client, workflowId: string): Promise<PartProgress> {
  try {
    const part = await client.workflow.getHandle(workflowId).query<PartProgress>('progress');
    const children = await Promise.all(part.openChildren.map((child) => readPart(client, child)));
    return children.reduce(addParts, part);
  } catch {
    return emptyPart;
  }
}

/** How long a running worker on a busy machine may take to answer. */
const patienceMs = 20_000;

/** Whether a run or a comparison is paused as a whole; undefined if no worker answers for it. */
export async function isPaused(client: Client, workflowId: string): Promise<boolean | undefined> {
  const ask = () => client.workflow.getHandle(workflowId).query<PartProgress>('progress');
  try {
    return (await client.withDeadline(Date.now() + patienceMs, ask)).paused;
  } catch {
    return undefined;
  }
}

/** Waits, briefly, until it is paused or resumed; false if that was not seen. */
export async function untilPaused(client: Client, workflowId: string, wanted: boolean): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const paused = await isPaused(client, workflowId);
    if (paused === wanted) return true;
    if (paused === undefined || Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

const emptyPart: PartProgress = {
  problems: { done: 0, total: 0, failed: 0 },
  counts: { calls: 0, promptTokens: 0, completionTokens: 0 },
  paused: false,
  openChildren: [],
};

function addParts(sum: PartProgress, part: PartProgress): PartProgress {
  return {
    problems: {
      done: sum.problems.done + part.problems.done,
      total: sum.problems.total,
      failed: sum.problems.failed + part.problems.failed,
    },
    counts: addCounts(sum.counts, part.counts),
    paused: sum.paused || part.paused,
    pauseReason: sum.pauseReason ?? part.pauseReason,
    openChildren: sum.openChildren,
  };
}
