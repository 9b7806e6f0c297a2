/** The guard: judges a training debate before any agent is trained on it. Runs after selection and its audit. */
import type { ConsensusAudit } from '../src/contract/evaluation';
import type { GuardReport } from '../src/contract/guard';
import type { GuardCheckInput, GuardCheckOutcome } from '../src/contract/run';
import type { SelectionReport } from '../src/contract/training';
import { publishSealed, readSealed, requireSealed } from '../src/artifacts/sealed';
import { debateRules } from '../src/domain/debate-rules';
import { guardStop, judgeTraining, sentenceOf } from '../src/domain/guard';
import { iterationKeys } from '../src/domain/keys';
import { readTranscripts } from '../src/stored-runs/stored-run';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import type { LoadedRuns } from './loaded-runs';

export function createGuardActivities({ store }: ActivityDependencies, loadedRuns: LoadedRuns) {
  /** Writes `guard.json` once and returns its findings; for an iteration already trained, only why the run was stopped. */
  async function checkForCollapse({ plan, iteration, shards }: GuardCheckInput): Promise<GuardCheckOutcome> {
    return withHeartbeats(async () => {
      const place = { runId: plan.runId, iteration };
      const key = iterationKeys.guard(place);
      const known = await readSealed<GuardReport>(store, key);
      if (known !== undefined) return (await wasTrained(place)) ? { stopped: guardStop(known) } : outcomeOf(known);
      const { record } = await loadedRuns.run(plan);
      const report = judgeTraining({
        iteration,
        action: record.specification.guard,
        size: debateRules(record.specification, 'train'),
        transcripts: await readTranscripts(store, shards),
        selection: await requireSealed<SelectionReport>(store, iterationKeys.selection(place)),
        audit: await readSealed<ConsensusAudit>(store, iterationKeys.audit(place)),
        before: await pointsBefore(place),
      });
      return outcomeOf((await publishSealed<GuardReport>(store, key, report)).content);
    });
  }

  /** If so, people let the run go on, and a run that repeats its iterations need not ask them again. */
  async function wasTrained(place: { runId: string; iteration: number }): Promise<boolean> {
    return (await store.read(iterationKeys.society(place))) !== undefined;
  }

  async function pointsBefore({ runId, iteration }: { runId: string; iteration: number }) {
    const earlier = Array.from({ length: iteration - 1 }, (_, index) =>
      requireSealed<GuardReport>(store, iterationKeys.guard({ runId, iteration: index + 1 })),
    );
    return (await Promise.all(earlier)).map(({ point }) => point);
  }

  return { checkForCollapse };
}

function outcomeOf(report: GuardReport): GuardCheckOutcome {
  if (report.findings.length === 0) return {};
  return { found: sentenceOf(report.findings), stopped: guardStop(report) };
}
