/** `maft costs RUN` and `maft costs --line NAME`: what runs have paid for, read from what they stored. Needs no server. */
import { Option, type Command } from 'commander';
import { readSealed } from '../artifacts/sealed';
import type { ComparisonRecord } from '../contract/comparison';
import { runIdOf } from '../domain/digests';
import { comparisonKeys } from '../domain/keys';
import { InvalidRunSpec } from '../errors';
import { loadConfig, pricesOf } from '../machine/config';
import { openStore } from '../machine/open-store';
import { terminalText } from '../pages/terminal';
import type { ArtifactStore } from '../ports';
import { ledgerGroupings, ledgerRows, ledgerTable, type EntryOfRun, type LedgerGrouping } from '../report/ledger-table';
import { suggestion } from '../specification/nearest';
import { readLedger } from '../stored-runs/ledger';
import { findLine } from '../stored-runs/stored-line';
import { storedRunIds, StoredRun } from '../stored-runs/stored-run';
import { visibleJson } from '../visible-text';

interface CostsOptions {
  line?: string;
  by?: LedgerGrouping;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command('costs')
    .description('what a run, a comparison or a line has paid for: calls, tokens, training time, money')
    .argument('[run]', 'id of a run or a comparison')
    .option('--line <name>', 'all runs of a line')
    .addOption(
      new Option('--by <what>', 'a row for each').choices(ledgerGroupings).default(undefined, 'stage; run for several'),
    )
    .option('--json', 'one JSON object: rows, their total, and every entry of the ledger')
    .addHelpText(
      'after',
      '\nExamples:\n  maft costs demo\n  maft costs demo --by agent\n  maft costs --line arithmetic --by iteration\n  maft costs demo --json | jq .total\n\nWorks while a run goes on; what is under way counts as not kept. No server is needed.',
    )
    .action(showCosts);
}

async function showCosts(named: string | undefined, { line, by: asked, json }: CostsOptions): Promise<void> {
  const config = loadConfig();
  const store = openStore(config);
  const runs = await runsNamed(store, { named, line });
  const ledgers = await Promise.all(runs.map(async (run) => ofRun(run, await readLedger(run))));
  const by = asked ?? (runs.length > 1 ? 'run' : 'stage');
  const entries = ledgers.flat();
  const summed = ledgerRows(entries, by, (endpoint) => pricesOf(config, endpoint));
  const text = json ? visibleJson({ by, ...summed, entries }) : tableText(summed, by);
  process.stdout.write(`${text}\n`);
}

function tableText(summed: ReturnType<typeof ledgerRows>, by: LedgerGrouping): string {
  const shown = ledgerTable(summed, by);
  if (shown === null || summed.rows.length === 0) return 'nothing has been paid for yet';
  const { columns: width } = process.stdout;
  return terminalText([{ blocks: [shown] }], { ascii: !process.stdout.isTTY, ...(width ? { width } : {}) });
}

function ofRun({ record: { runId } }: StoredRun, entries: Awaited<ReturnType<typeof readLedger>>): EntryOfRun[] {
  return entries.map((entry) => ({ runId, ...entry }));
}

async function runsNamed(
  store: ArtifactStore,
  { named, line }: { named: string | undefined; line: string | undefined },
): Promise<StoredRun[]> {
  if ((named === undefined) === (line === undefined))
    throw new InvalidRunSpec(['run: name either a run or a comparison, or a line with --line NAME']);
  if (line !== undefined) return storedRuns(store, await (await findLine(store, line, '--line')).usingRuns());
  const id = runIdOf(named ?? '');
  const run = await StoredRun.find(store, id);
  if (run !== undefined) return [run];
  const comparison = await readSealed<ComparisonRecord>(store, comparisonKeys.record(id));
  if (comparison !== undefined)
    return storedRuns(
      store,
      comparison.groups.flatMap((group) => group.runs.map(({ runId }) => runId)),
    );
  const known = await storedRunIds(store);
  throw new InvalidRunSpec([
    `run: ${JSON.stringify(named)} names no run and no comparison of ${store.addressOf()}${suggestion(id, known)}`,
  ]);
}

/** Those that have begun. */
async function storedRuns(store: ArtifactStore, ids: readonly string[]): Promise<StoredRun[]> {
  const found = await Promise.all(ids.map((runId) => StoredRun.find(store, runId)));
  return found.filter((run) => run !== undefined);
}
