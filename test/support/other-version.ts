/** The workflows of a version that has nothing in common with ours: histories of ours do not replay on it. */
import { sleep } from '@temporalio/workflow';

export const multiagentFinetuning = (): Promise<void> => sleep(1_000_000);
