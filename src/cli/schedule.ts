/** `maft schedule`: runs that a Temporal schedule starts. */
import { userInfo } from 'node:os';
import { ScheduleOverlapPolicy, type Client, type ScheduleDescription, type ScheduleHandle } from '@temporalio/client';
import type { Command } from 'commander';
import { workflowTypes } from '../contract/names';
import { ConfigError } from '../errors';
import { runIdOf } from '../domain/digests';
import { describeOrNone } from '../runs/schedules';
import { withRunningServers } from '../runs/with-platform';
import { visibleJson, visibleText } from '../visible-text';
import { positiveNumber } from './number-options';
import { applyScheduleFile } from './schedule/apply';
import { describeApplied, describeDetails, describeSchedule, detailedView, viewOf } from './schedule/describe';

interface Options {
  json?: boolean;
  dryRun?: boolean;
  reason?: string;
  count?: number;
}

export function register(program: Command): void {
  const schedule = program
    .command('schedule')
    .description('runs that a Temporal schedule starts (needs a running `maft up`, or TEMPORAL_ADDRESS)')
    .addHelpText(
      'after',
      '\nExamples:\n  maft schedule apply infra/schedules/nightly.yaml --dry-run\n  maft schedule apply infra/schedules/nightly.yaml\n  maft schedule next nightly\n  maft schedule trigger nightly\n  maft schedule pause nightly --reason "the GPU is away"',
    );
  registerApply(schedule);
  registerReading(schedule);
  registerSteering(schedule);
}

function registerApply(schedule: Command): void {
  withJson(schedule.command('apply').description('create the schedule of a file, or change it to what the file says'))
    .argument('<file>', 'YAML or JSON, such as infra/schedules/nightly.yaml')
    .option('--dry-run', 'change nothing: check the specification, and show what would differ')
    .action(async (file: string, options: Options) => {
      const isDry = options.dryRun === true;
      const applied = await applyScheduleFile(file, { dryRun: isDry });
      print(options, applied, describeApplied(applied, isDry));
    });
}

function registerReading(schedule: Command): void {
  withJson(schedule.command('list').description('every schedule that starts runs, a row each')).action(list);
  withJson(schedule.command('show').description('when, what, the newest runs, and what was left out and why'))
    .argument('<schedule>', 'its id')
    .action((id: string, options: Options) =>
      withSchedule(id, async (_, description) => {
        const view = detailedView(description);
        print(options, view, describeDetails(view));
      }),
    );
  withJson(schedule.command('next').description('when its next runs start, as UTC'))
    .argument('<schedule>')
    .option('--count <n>', 'how many, at most ten', positiveNumber, 5)
    .action((id: string, options: Options) =>
      withSchedule(id, async (_, description) => {
        const { next, paused } = viewOf(description);
        if (paused) process.stderr.write(`${id} is paused: nothing starts before \`maft schedule resume ${id}\`\n`);
        const times = next.slice(0, options.count);
        print(options, times, times.join('\n') || 'never');
      }),
    );
}

function registerSteering(schedule: Command): void {
  const by = userInfo().username;
  schedule
    .command('pause')
    .description('start nothing more until `resume`; an open run goes on')
    .argument('<schedule>')
    .option('--reason <text>', 'shown to all who look at the schedule')
    .action((id: string, { reason }: Options) =>
      withSchedule(id, async (handle) => {
        await handle.pause(`${reason ?? 'on request'} (${by})`);
        say(`${id}: paused; \`maft schedule resume ${id}\` goes on`);
      }),
    );
  schedule
    .command('resume')
    .description('start runs again, from the next time on')
    .argument('<schedule>')
    .option('--reason <text>', 'shown to all who look at the schedule')
    .action((id: string, { reason }: Options) =>
      withSchedule(id, async (handle) => {
        await handle.unpause(`${reason ?? 'resumed on request'} (${by})`);
        say(`${id}: goes on; next ${viewOf(await handle.describe()).next[0] ?? 'never'}`);
      }),
    );
  schedule
    .command('trigger')
    .description('start a run now, unless one of the schedule is open')
    .argument('<schedule>')
    .action((id: string) => withSchedule(id, trigger));
  schedule
    .command('delete')
    .description('remove the schedule; its open run goes on, its finished ones stay')
    .argument('<schedule>')
    .action((id: string) =>
      withSchedule(id, async (handle) => {
        await handle.delete();
        say(`${id}: deleted; what it started goes on, and what is stored stays`);
      }),
    );
}

async function trigger(handle: ScheduleHandle, description: ScheduleDescription): Promise<void> {
  const id = description.scheduleId;
  const [open] = description.info.runningActions;
  if (open !== undefined)
    throw new ConfigError(`${id}: ${runIdOf(open.workflow.workflowId)} is open, so nothing is started`);
  await handle.trigger(ScheduleOverlapPolicy.SKIP);
  say(`${id}: asked to start a run now; \`maft status\` shows it`);
}

async function list(options: Options): Promise<void> {
  await withRunningServers(async ({ client }) => {
    let found = 0;
    for await (const summary of client.schedule.list()) {
      if (summary.action?.workflowType !== workflowTypes.run) continue;
      found += 1;
      const view = viewOf(summary);
      print(options, view, describeSchedule(view));
    }
    if (found === 0) process.stderr.write('no schedule starts runs; `maft schedule apply FILE` makes one\n');
  });
}

type Use = (handle: ScheduleHandle, description: ScheduleDescription) => Promise<void>;

async function withSchedule(id: string, use: Use): Promise<void> {
  await withRunningServers(async ({ client }) => {
    const handle = client.schedule.getHandle(id);
    await use(handle, await ownSchedule(client, id));
  });
}

/** Throws `ConfigError` if there is none, or if it starts something else. */
async function ownSchedule(client: Client, id: string): Promise<ScheduleDescription> {
  const description = await describeOrNone(client.schedule.getHandle(id));
  if (description?.action.workflowType === workflowTypes.run) return description;
  throw new ConfigError(`there is no schedule "${id}" that starts runs; \`maft schedule list\` shows those there are`);
}

function say(text: string): void {
  process.stdout.write(`${visibleText(text)}\n`);
}

function print({ json }: Options, value: object, text: string): void {
  say(json === true ? visibleJson(value) : text);
}

function withJson(command: Command): Command {
  return command.option('--json', 'as JSON, for programs');
}
