/** Transcripts become 2N training sets. Needs no model and no grader: transcripts carry `agrees` (method, section 3). */
import type { SelectionInput, SelectionOutcomeCounts } from '../src/contract/run';
import type { RunSpecification } from '../src/contract/specification';
import type { SelectionReport } from '../src/contract/training';
import type { Transcript } from '../src/contract/transcript';
import { formatLines, parseLines } from '../src/artifacts/lines';
import { publishSealed } from '../src/artifacts/sealed';
import { iterationKeys } from '../src/domain/keys';
import { Selection, type ReferenceVerdict, type SelectionSettings } from '../src/domain/selection';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import type { RunContexts } from './run-context';

export function createTrainingDataActivities({ store }: ActivityDependencies, contexts: RunContexts) {
  /** Writes one training set per trained agent (empty ones included) and `selection.json`. */
  async function selectTrainingData(input: SelectionInput): Promise<SelectionOutcomeCounts> {
    return withHeartbeats(async () => {
      const { runId } = input.plan;
      const place = { runId, iteration: input.iteration };
      const { record } = await contexts.run(runId);
      const selection = new Selection(settingsOf(record.specification, input.iteration), await verdictsIfAsked(input));
      for (const reference of input.transcripts) {
        for (const transcript of parseLines<Transcript>(await store.readVerified(reference))) selection.add(transcript);
      }
      const { trainingSets, report } = selection.finish();
      for (const [agent, examples] of trainingSets) {
        await store.publish(iterationKeys.trainingSet(place, agent), formatLines(examples));
      }
      await publishSealed<SelectionReport>(store, iterationKeys.selection(place), report);
      return { examples: Object.fromEntries(report.agents.map(({ agent, examples }) => [agent, examples])) };
    });
  }

  /** `select: reference` only: the one selection that may see labels, to measure what consensus noise costs. */
  async function verdictsIfAsked({ plan, iteration }: SelectionInput): Promise<ReferenceVerdict | undefined> {
    const { record, task } = await contexts.run(plan.runId);
    if (record.specification.method.select !== 'reference') return undefined;
    const references = await contexts.references({ runId: plan.runId, split: 'train', iteration });
    return (problemId, answer) => {
      const reference = references.get(problemId);
      return reference !== undefined && task.equal !== undefined && task.equal(answer, reference);
    };
  }

  return { selectTrainingData };
}

function settingsOf({ method, seed, finetuning }: RunSpecification, iteration: number): SelectionSettings {
  const { preset, ...settings } = method;
  return { ...settings, method: preset, seed, iteration, maxLength: finetuning.maxLength };
}
