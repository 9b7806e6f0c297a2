/** What a reader must know to read the numbers rightly: everything skipped, dropped, unfinished or out of the ordinary. */
import { counted, percent } from './numbers';
import type { IterationArtifacts, ReportInput } from './report-input';

/** Notices of the run's plan, of whoever gathered the input, and those that follow from the artifacts; each once. */
export function reportNotices(input: ReportInput): string[] {
  const found = [
    ...stateNotices(input),
    ...selectionRuleNotices(input),
    ...input.run.plan.notices,
    ...input.notices,
    ...input.iterations.flatMap(iterationNotices),
  ];
  return [...new Set(found)];
}

function stateNotices({ run, state, iterations }: ReportInput): string[] {
  const evaluated = iterations.filter(({ iteration, evaluation }) => iteration > 0 && evaluation !== undefined).length;
  const progress = `${evaluated} of ${counted(run.plan.iterations, 'iteration')} evaluated`;
  if (state === 'running') return [`The run is still going on: ${progress}.`];
  if (state === 'failed' || state === 'cancelled')
    return [`The run ${state === 'failed' ? 'failed' : 'was cancelled'}: ${progress}.`];
  return [];
}

/** method, section 3: other rules than the consensus are named wherever their results are shown. */
function selectionRuleNotices({ run }: ReportInput): string[] {
  const { select } = run.specification.method;
  if (select === 'consensus') return [];
  return select === 'reference'
    ? [
        'Training examples were selected by reference answers (select: reference), not by consensus: this is no label-free run.',
      ]
    : ['Training examples were not selected at all (select: none): this run is a control.'];
}

function iterationNotices(artifacts: IterationArtifacts): string[] {
  return [...evaluationNotices(artifacts), ...selectionNotices(artifacts), ...weightNotices(artifacts)];
}

function evaluationNotices({ iteration, evaluation }: IterationArtifacts): string[] {
  if (evaluation === undefined || evaluation.failed === 0) return [];
  const { failed, problems } = evaluation;
  return [
    `Evaluation of iteration ${iteration}: ${failed} of ${counted(problems, 'problem')} failed after all retries and count as wrong.`,
  ];
}

function selectionNotices({ iteration, selection }: IterationArtifacts): string[] {
  if (selection === undefined) return [];
  const { consensus, problems, agents } = selection;
  const notices = [];
  if (consensus.failed > 0)
    notices.push(`${consensus.failed} of ${counted(problems, 'training problem')} failed and trained nobody`);
  if (consensus.none > 0)
    notices.push(`${counted(consensus.none, 'training problem')} had no consensus and trained nobody`);
  const tooLong = agents.reduce((sum, { outcomes }) => sum + (outcomes['too-long'] ?? 0), 0);
  if (tooLong > 0)
    notices.push(`${counted(tooLong, 'response')} did not fit finetuning.maxLength and were left out, not cut`);
  const onTies = agents.reduce((sum, { trainedOnTie }) => sum + trainedOnTie, 0);
  const examples = agents.reduce((sum, agent) => sum + agent.examples, 0);
  if (onTies > 0) {
    notices.push(
      `${onTies} of ${counted(examples, 'example')} (${percent(onTies / examples)}) rest on a consensus decided by a tie draw`,
    );
  }
  return notices.map((notice) => `Selection of iteration ${iteration}: ${notice}.`);
}

function weightNotices({ iteration, weights }: IterationArtifacts): string[] {
  return weights
    .filter(({ outcome }) => outcome === 'empty-training-set')
    .map(({ agent }) => `Iteration ${iteration}: ${agent} kept its weights, its training set was empty.`);
}
