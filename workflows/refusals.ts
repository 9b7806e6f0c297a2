/** A bad specification or request fails a workflow with the refusal itself, not with "an activity failed". */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';

/** Performs the activity that judges what a workflow was started with. */
export async function refusedAsItself<Result>(judge: () => Promise<Result>): Promise<Result> {
  try {
    return await judge();
  } catch (error) {
    throw error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : error;
  }
}
