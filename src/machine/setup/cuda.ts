/** Whether torch can use the GPU: a driver's file says that there is one, not that it is new enough. */
import { z } from 'zod';
import { maftEnvironment, maftModule } from '../python-start';
import { runCommand } from './command';

const answerSchema = z.object({ reason: z.string().nullable() });

/** Returns why that Python's torch cannot use CUDA; undefined if it can. Takes seconds: torch is imported. */
export async function whyNoCuda(program: string): Promise<string | undefined> {
  const result = await runCommand(program, maftModule('maft.nvidia_driver'), {
    environment: maftEnvironment(),
    timeoutMs: 120_000,
  });
  if (result.exitCode !== 0) return result.output.trim().split('\n').at(-1) || `${program} gave no answer`;
  return answerSchema.parse(JSON.parse(result.stdout)).reason ?? undefined;
}
