/** What was measured of a society and of one of its agents, and what was not. */
import type { RunSpecification, TaskSettings } from '../contract/specification';
import { generationAgent } from '../domain/identifiers';
import { wilsonInterval, type Successes } from '../domain/statistics';
import { count, percent, percentInterval } from '../pages/numbers';
import type { ExportedAgent, ExportedSociety } from './facts';
import { codeSpan, markdownTable } from './markdown';

export function evaluationLines(agent: ExportedAgent, { iteration, specification, evaluation }: ExportedSociety) {
  if (evaluation === undefined) return ['It was not evaluated.'];
  const { problems, modes, failed } = evaluation;
  const society = modes.filter(({ mode }) => mode === 'society');
  const rows = [
    ...society.map(({ correct }) => ['the whole society', ...measured({ correct, n: problems })]),
    ...aloneRows(agent, { specification, evaluation }),
  ];
  const lost = failed === 0 ? '' : ` ${count(failed)} of them failed and count as wrong.`;
  return [
    `On ${count(problems)} evaluation problems of ${taskText(specification.evalTask ?? specification.task)}, drawn by seed ` +
      `${specification.seed}, after iteration ${iteration}.${lost} One pass, sampled; intervals are Wilson's at 95 %.`,
    markdownTable(['who answers', 'n', 'right', '95 % interval'], rows),
    ...(isCritic(agent) ? ['A critic revises the answers of others, so it has no accuracy of its own.'] : []),
  ];
}

function isCritic({ agents }: ExportedAgent): boolean {
  return agents.every((name) => name.startsWith('critic-'));
}

type Evaluated = Pick<ExportedSociety, 'specification'> & { evaluation: NonNullable<ExportedSociety['evaluation']> };

/** First answers of its generation agents: what one call to these weights gets right. */
function aloneRows({ agents }: ExportedAgent, { specification, evaluation }: Evaluated): string[][] {
  const { firstRoundBy } = specification.evaluation;
  return evaluation.members
    .map(({ member, first }) => ({ first, by: firstRoundBy === 'own' ? generationAgent(member) : firstRoundBy }))
    .filter(({ by }, index, all) => agents.includes(by) && all.findIndex((each) => each.by === by) === index)
    .map(({ by, first }) => [
      `${codeSpan(by)} alone, one call`,
      ...measured({ correct: Math.round(first * evaluation.problems), n: evaluation.problems }),
    ]);
}

function measured({ correct, n }: Successes): string[] {
  return [count(n), n === 0 ? 'not measured' : percent(correct / n), percentInterval(wilsonInterval({ correct, n }))];
}

/** Without folders, which are this machine's. */
function taskText({ kind, ...settings }: TaskSettings): string {
  const hidden = new Set(['path', 'train', 'eval', 'problems', 'module', 'options']);
  const told = Object.entries(settings).filter(([name, value]) => !hidden.has(name) && value !== undefined);
  const details = told.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(', ');
  return `the task ${codeSpan(kind)}${details === '' ? '' : ` (${codeSpan(details)})`}`;
}

export function untestedLines({ specification }: { specification: RunSpecification }): string[] {
  const measures = [
    'other tasks, languages and kinds of prompts than those above',
    'other sampling than its run used, and other programs than the one that served it there: adapters, merged weights and quantised weights round differently',
    'what the base model could do before (instructions, conversation, tools, safety): finetuning may have taken it away',
  ];
  const seed = `one seed (${specification.seed}): another seed gives another society`;
  return ['**Not tested**:', [...measures, seed].map((line) => `- ${line}`).join('\n')];
}
