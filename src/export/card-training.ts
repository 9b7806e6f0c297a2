/** Where an agent's weights come from: base, runs and iterations, data counts, settings. */
import { counted, count } from '../pages/numbers';
import type { FinetuningSettings } from '../contract/specification';
import type { ExportedAgent, TrainingStep } from './facts';
import { codeSpan, markdownTable } from './markdown';

export function trainingLines({ base, lineage }: ExportedAgent): string[] {
  const { steps, lostRun } = lineage;
  const before =
    lostRun === undefined
      ? ''
      : ` Run ${codeSpan(lostRun)}, whose weights it began with, is not in the store, so its trainings are not listed.`;
  return [
    `${counted(steps.length, 'training')}, oldest first, from the base ${codeSpan(base.name)}` +
      `${base.revision === undefined ? '' : ` (revision ${codeSpan(base.revision)})`}.${before}`,
    dataTable(steps),
    labels(steps),
    '**Settings**, of each training:',
    settingsTable(steps),
  ];
}

function dataTable(steps: readonly TrainingStep[]): string {
  const head = ['run', 'iteration', 'examples (by set)', 'problems', 'response tokens trained on', 'steps', 'left out'];
  const rows = steps.map(({ runId, iteration, training, sets, problems, debated }) => [
    codeSpan(runId),
    String(iteration),
    `${count(training.examples)} (${setsText(sets)})`,
    `${count(problems)} of ${count(debated)} debated`,
    count(training.tokens),
    `${count(training.steps)}${training.unchanged === true ? ' (changed no weight)' : ''}`,
    leftOut(training),
  ]);
  return markdownTable(head, rows);
}

function setsText(sets: TrainingStep['sets']): string {
  return Object.entries(sets)
    .map(([set, examples]) => `${set} ${count(examples)}`)
    .join(', ');
}

function leftOut({ tooLong = 0, spelled = 0 }: TrainingStep['training']): string {
  const reasons = [
    ...(tooLong > 0 ? [`${count(tooLong)} too long`] : []),
    ...(spelled > 0 ? [`${count(spelled)} spelling control tokens`] : []),
  ];
  return reasons.join(', ') || 'none';
}

/** Whether people's answers decided anything. */
function labels(steps: readonly TrainingStep[]): string {
  const used = steps.filter(({ usesLabels }) => usesLabels);
  const chosen = [...new Set(steps.map(({ select }) => ways[select]))].join('; ');
  if (used.length === 0) return `Examples are ${chosen}. **No reference answers were used** to make or choose them.`;
  const iterations = used.map(({ runId, iteration }) => `${codeSpan(runId)} iteration ${iteration}`).join(', ');
  return `Examples are ${chosen}. **Reference answers were used** to make or choose them in ${iterations}.`;
}

const ways: Record<TrainingStep['select'], string> = {
  consensus: "the society's own responses, chosen by the consensus of its debates",
  reference: "the society's own responses, chosen by the reference answers",
  none: "the society's own responses, not chosen by anything",
};

function settingsTable(steps: readonly TrainingStep[]): string {
  const head = [
    'run',
    'iteration',
    'weights',
    'loss',
    'epochs',
    'learning rate',
    'batch',
    'longest example',
    'schedule',
    'device',
    'software',
  ];
  const rows = steps.map(({ runId, iteration, settings, training }) => [
    codeSpan(runId),
    String(iteration),
    weightsText(settings.weights),
    settings.loss ?? 'supervised',
    String(settings.epochs),
    String(settings.learningRate ?? 'default'),
    String(settings.batchSize),
    counted(settings.maxLength, 'token'),
    `${settings.schedule}, warm-up ${settings.warmupShare}, weight decay ${settings.weightDecay}`,
    `${codeSpan(training.device)}, ${codeSpan(training.precision)}`,
    versionsText(training.versions),
  ]);
  return markdownTable(head, rows);
}

function weightsText(weights: FinetuningSettings['weights']): string {
  if (weights === 'full') return 'all';
  const { rank, alpha, dropout } = weights.lora;
  return `LoRA, rank ${rank}, alpha ${alpha}, dropout ${dropout}`;
}

function versionsText(versions: Record<string, string>): string {
  return Object.entries(versions)
    .map(([name, version]) => codeSpan(`${name} ${version}`))
    .join(', ');
}
