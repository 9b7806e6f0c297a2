/** Which trainings led to an agent's weights, across the runs that went on from each other. */
import type { ExampleSet } from '../contract/training';
import type { WeightsRecord } from '../contract/training-job';
import { roleSettings } from '../domain/role-settings';
import { modelOf } from '../domain/society';
import type { Lineage, TrainingStep } from '../export/facts';
import { storedSet } from './exported-examples';
import { StoredRun } from './stored-run';

interface Weights {
  agent: string;
  /** The model version. */
  model: string;
  /** The society that uses it. */
  iteration: number;
}

/** Back to the base model, or to a run that is not in the store. Throws `ArtifactError` for a damaged file. */
export async function lineageOf(run: StoredRun, { agent, model, iteration }: Weights): Promise<Lineage> {
  const trained = await trainingOf(run, { model, iteration });
  if (trained === undefined) return beforeThisRun(run, { agent, model });
  const step = await stepOf(run, trained);
  if (run.record.specification.finetuning.from === 'base') return { steps: [step] };
  const previous = await run.society(trained.iteration - 1);
  const before = previous && modelOf(previous, agent);
  if (before === undefined || before.trainedIn === 0) return { steps: [step] };
  const earlier = await lineageOf(run, { agent, model: before.model, iteration: trained.iteration - 1 });
  return { ...earlier, steps: [...earlier.steps, step] };
}

type Trained = WeightsRecord & { training: NonNullable<WeightsRecord['training']> };

async function trainingOf(run: StoredRun, { model, iteration }: Omit<Weights, 'agent'>): Promise<Trained | undefined> {
  for (let each = iteration; each > 0; each -= 1) {
    const records = await run.weights(each);
    const found = records.find((record) => record.model === model && record.training !== undefined);
    if (found !== undefined) return found as Trained;
  }
  return undefined;
}

async function beforeThisRun(run: StoredRun, weights: Omit<Weights, 'iteration'>): Promise<Lineage> {
  const { startedFrom } = run.record;
  if (startedFrom === undefined) return { steps: [] };
  const earlier = await StoredRun.find(run.store, startedFrom.runId);
  if (earlier === undefined) return { steps: [], lostRun: startedFrom.runId };
  return lineageOf(earlier, { ...weights, iteration: startedFrom.iteration });
}

async function stepOf(run: StoredRun, { agent, iteration, training }: Trained): Promise<TrainingStep> {
  const { runId, specification, plan } = run.record;
  const examples = await storedSet(run, { iteration, agent });
  const selection = await run.selection(iteration);
  const { select } = selection ?? specification.method;
  const sets: Partial<Record<ExampleSet, number>> = {};
  for (const { set } of examples) sets[set] = (sets[set] ?? 0) + 1;
  return {
    ...{ runId, iteration, training, select, sets },
    settings: roleSettings(specification.finetuning, agent),
    usesLabels: select === 'reference' || plan.hints === true,
    debated: selection?.problems ?? plan.trainProblems,
    problems: new Set(examples.map(({ problemId }) => problemId)).size,
  };
}
