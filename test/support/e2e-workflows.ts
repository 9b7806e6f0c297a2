/** A home's workflows by Temporal's own command line, and what the program says of them. */
import { Client, Connection } from '@temporalio/client';
import type { RunProgress } from '../../src/contract/run';
import { findRunningPlatform } from '../../src/machine/supervision/platform-state';
import type { Home } from './e2e';

export class HomeWorkflows {
  private connection: Connection | undefined;

  constructor(private readonly home: Home) {}

  /** `temporal workflow ACTION` on `maft/<id>`; returns what it printed. */
  perform(id: string, action: string, ...more: string[]): Promise<string> {
    return this.home.temporal('workflow', action, '--workflow-id', `maft/${id}`, ...more);
  }

  start(id: string, type: string, ...input: string[]): Promise<string> {
    return this.perform(id, 'start', '--type', type, '--task-queue', 'maft', ...input);
  }

  signal(id: string, name: string): Promise<string> {
    return this.perform(id, 'signal', '--name', name);
  }

  /** What `temporal workflow result` says of a workflow that does not complete. */
  async failureOf(id: string): Promise<string> {
    const result = ['workflow', 'result', '--workflow-id', `maft/${id}`, '--output', 'json'];
    const { code, stdout } = await this.home.tryTemporal(result);
    expect(code).not.toBe(0);
    return stdout;
  }

  /** Asked again and again while something is waited for: a process of the Temporal CLI each time would cost a core. */
  async progress(id: string): Promise<RunProgress> {
    this.connection ??= await Connection.connect({ address: findRunningPlatform(this.home.folder)!.temporalAddress });
    return new Client({ connection: this.connection }).workflow.getHandle(`maft/${id}`).query<RunProgress>('progress');
  }

  /** The run's line of `maft runs`. */
  async stateOf(id: string): Promise<unknown> {
    const { stdout } = await this.home.run(['runs', '--json']);
    const lines = stdout.trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as { runId?: string }).find(({ runId }) => runId === id);
  }

  async close(): Promise<void> {
    await this.connection?.close();
  }
}
