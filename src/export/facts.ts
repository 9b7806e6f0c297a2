/** What is known of one exported agent, gathered from stored artifacts: all that its card and commands are made of. */
import type { Evaluation } from '../contract/evaluation';
import type { Sampling } from '../contract/society';
import type { FinetuningSettings, RunSpecification } from '../contract/specification';
import type { ExampleSet, SelectionReport } from '../contract/training';
import type { WeightsRecord } from '../contract/training-job';

export const exportForms = ['peft', 'merged', 'gguf', 'vllm', 'ollama'] as const;
export type ExportForm = (typeof exportForms)[number];

/** What a folder holds: a PEFT adapter, a whole Hugging Face model, or one GGUF file. */
export type WeightsForm = 'adapter' | 'whole' | 'gguf';

/** Terms of a base as the front matter of its own card names them. */
export interface Terms {
  license: string;
  license_name?: string;
  license_link?: string;
}

/** A base model as somebody elsewhere resolves it. */
export interface ExportedBase {
  /** `owner/name` on the Hub; else the name of a folder. */
  name: string;
  isOfHub: boolean;
  /** The commit on the Hub. */
  revision?: string;
  /** Absent if the base or its card is not on this machine, or its card names no licence. */
  terms?: Terms;
}

/** One training among those that led to an agent's weights. */
export interface TrainingStep {
  runId: string;
  iteration: number;
  training: NonNullable<WeightsRecord['training']>;
  /** Of the agent's role. */
  settings: FinetuningSettings;
  select: SelectionReport['select'];
  /** Whether reference answers took part in making the data: by selection, or as hints. */
  usesLabels: boolean;
  /** Problems that were debated for the training set, and those of them that gave examples. */
  debated: number;
  problems: number;
  /** Examples of the training set by the rule that chose them. */
  sets: Partial<Record<ExampleSet, number>>;
}

export interface Lineage {
  /** Oldest first. */
  steps: TrainingStep[];
  /** A run that trained the weights before `steps` and is not in the store. */
  lostRun?: string;
}

export interface ExportedAgent {
  /** Names the folder: the agent, or `shared` if one model serves all. */
  name: string;
  /** The society's agents that use these weights. */
  agents: string[];
  /** The model version in the store. */
  model: string;
  sampling: Sampling;
  base: ExportedBase;
  lineage: Lineage;
  /** The first prompt of the agent's role with its placeholders; absent if a task of the user's own provides it. */
  prompt?: string;
}

/** The society that the agents are of. */
export interface ExportedSociety {
  runId: string;
  iteration: number;
  members: number;
  rounds: number;
  /** Resolved specification of its run. */
  specification: RunSpecification;
  /** On the evaluation problems. */
  evaluation: Evaluation | undefined;
  /** Agents that still are the base model. */
  untuned: string[];
  /** Of this program. */
  version: string;
}
