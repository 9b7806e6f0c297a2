/** `maft limits RUN`: what an open run with limits may spend and has spent; with options, the update `setLimits`. */
import { userInfo } from 'node:os';
import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { InvalidArgumentError, type Command } from 'commander';
import type { SetLimitsInput, Spending, WrittenCaps } from '../contract/limits';
import type { RunProgress } from '../contract/run';
import { namesOfParts, type SpendingPart } from '../domain/spending';
import { InvalidRunSpec } from '../errors';
import { openRun } from '../machine/open-workflows';
import { withRunningServers } from '../runs/with-platform';
import { visibleJson, visibleText } from '../visible-text';

interface LimitsOptions extends WrittenCaps {
  by: string;
  why?: string;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command('limits')
    .description('what an open run may spend and has spent; with new limits: from now on')
    .argument('<run>', 'id of a run whose specification has `limits`')
    .option('--usd <amount>', 'US dollars that its calls may cost in all', amount)
    .option('--gpu-hours <hours>', 'hours that its trainings may hold a device in all', amount)
    .option('--tokens <number>', 'tokens that models may read and write in all', amount)
    .option('--calls <number>', 'requests to models in all', amount)
    .option('--by <name>', 'who decides; default: your user name', userInfo().username)
    .option('--why <text>', 'for the record, which stays in the store; needed with new limits')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  maft limits friday\n  maft limits friday --usd 20 --why "worth it"\n\nA run that paused at a limit goes on once it is raised.',
    )
    .action((run: string, options: LimitsOptions) =>
      withRunningServers(async ({ client }) => {
        const { json = false, ...request } = options;
        const answered = await limitsOfRun(client, run, request);
        process.stdout.write(`${json ? visibleJson(answered) : visibleText(answered.text)}\n`);
      }),
    );
}

function amount(written: string): number {
  const value = Number(written);
  if (written.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a positive number.');
}

/** Throws `ConfigError` if the run is not open, `InvalidRunSpec` if it has no limits or refuses these. */
async function limitsOfRun(
  client: Client,
  run: string,
  { by, why, ...wanted }: Omit<LimitsOptions, 'json'>,
): Promise<{ runId: string; text: string; limits: RunProgress['limits'] }> {
  const { workflowId, runId } = await openRun(client, run);
  const handle = client.workflow.getHandle(workflowId);
  const { usd, gpuHours, tokens, calls } = wanted;
  const isAsked = [usd, gpuHours, tokens, calls].some((value) => value !== undefined);
  if (isAsked && why === undefined) throw new InvalidRunSpec(['--why: say why, for the record of the run']);
  try {
    const update: SetLimitsInput = { limits: { usd, gpuHours, tokens, calls }, by, why: why ?? '' };
    const set = isAsked
      ? await handle.executeUpdate<string, [SetLimitsInput]>('setLimits', { args: [update] })
      : undefined;
    const { limits } = await handle.query<RunProgress>('progress');
    if (limits === undefined) throw new InvalidRunSpec([`run ${runId} has no limits: its specification sets none`]);
    return { runId, limits, text: set === undefined ? describe(limits) : `${runId}: ${set}` };
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw new InvalidRunSpec([`run ${runId}: ${error.cause?.message ?? error.message}`]);
  }
}

function describe({ caps, spent, reserved }: NonNullable<RunProgress['limits']>): string {
  const parts = Object.keys(caps) as SpendingPart[];
  const lines = parts.map((part) => {
    const { setting, text } = namesOfParts[part];
    const of = (sum: Spending) => text(sum[part]);
    return `${setting.padEnd(9)} ${of(spent)} of ${text(caps[part] ?? 0)} spent, ${of(reserved)} reserved`;
  });
  return lines.join('\n');
}
