/**
 * Transcripts become 2N training sets. Needs no model and no grader: transcripts carry `agrees` (method.md, Training
 * sets).
 */
import type { SelectionInput, SelectionOutcomeCounts } from '../src/contract/run';
import type { SelectionReport, TrainingExample } from '../src/contract/training';
import type { Transcript } from '../src/contract/transcript';
import { formatLines } from '../src/artifacts/lines';
import { publishSealed } from '../src/artifacts/sealed';
import { sha256 } from '../src/domain/digests';
import { iterationKeys } from '../src/domain/keys';
import { Selection, type ReferenceVerdict } from '../src/domain/selection';
import { selectionSettings } from '../src/domain/role-settings';
import { distinctAnswers } from '../src/domain/voting';
import { readTranscripts } from '../src/stored-runs/stored-run';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import type { References } from './references';
import { runOf, type LoadedRuns } from './loaded-runs';

export function createTrainingDataActivities(
  { store }: ActivityDependencies,
  loadedRuns: LoadedRuns,
  references: References,
) {
  /** Writes one training set per trained agent (empty ones included) and `selection.json`. */
  async function selectTrainingData(input: SelectionInput): Promise<SelectionOutcomeCounts> {
    return withHeartbeats(async () => {
      const { runId } = input.plan;
      const place = { runId, iteration: input.iteration };
      const { record } = await loadedRuns.run(input.plan);
      const settings = selectionSettings(record.specification, input.iteration);
      const selection = new Selection(settings, await verdictsIfAsked(input));
      for await (const transcript of transcriptsOf(input)) selection.add(transcript);
      const { trainingSets, report } = selection.finish();
      const published = new Map<string, { trainingSetSha256: string }>();
      for (const [agent, examples] of trainingSets) {
        const trainingSetSha256 = await publishTrainingSet(iterationKeys.trainingSet(place, agent), examples);
        published.set(agent, { trainingSetSha256 });
      }
      const agents = report.agents.map((each) => ({ ...each, ...published.get(each.agent) }));
      await publishSealed<SelectionReport>(store, iterationKeys.selection(place), { ...report, agents });
      return { examples: Object.fromEntries(report.agents.map(({ agent, examples }) => [agent, examples])) };
    });
  }

  /** Returns its SHA-256. Selection is deterministic, so a different file under the key is torn or foreign. */
  async function publishTrainingSet(key: string, examples: readonly TrainingExample[]): Promise<string> {
    const content = formatLines(examples);
    await store.publish(key, content);
    const reference = { key, sha256: sha256(content) };
    await store.readVerified(reference);
    return reference.sha256;
  }

  /** `select: reference` only: the one selection that may see labels, to measure what consensus noise costs. */
  async function verdictsIfAsked(input: SelectionInput): Promise<ReferenceVerdict | undefined> {
    const { record } = await loadedRuns.run(input.plan);
    if (record.specification.method.select !== 'reference') return undefined;
    const answers = new Map<string, string[]>();
    for await (const { problemId, rounds } of transcriptsOf(input)) answers.set(problemId, distinctAnswers(rounds));
    const place = { ...runOf(input.plan), split: 'train' as const, iteration: input.iteration };
    const { isCorrect } = await references.judge(place, answers, iterationKeys.referenceVerdicts(place));
    return isCorrect;
  }

  /** One file at a time: thousands of transcripts never lie in memory together. */
  async function* transcriptsOf({ transcripts }: SelectionInput): AsyncGenerator<Transcript> {
    for (const reference of transcripts) yield* await readTranscripts(store, [{ transcripts: reference }]);
  }

  return { selectTrainingData };
}
