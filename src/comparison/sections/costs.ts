/** What an answer of each method takes, and what a point gained over the baseline costs. */
import { amount, callsPerProblemText, count } from '../../pages/numbers';
import { prose, section, table, type Column, type Section } from '../../pages/page';
import { callsText, type ComparisonReport } from '../build';
import { tokensOf } from '../costs';
import type { Cell, MeasuredRow } from '../rows';
import { groupsByTask } from './tasks';

export function costsSection(report: ComparisonReport): Section | null {
  const hasMoney = report.rows.some(({ cells }) => Object.values(cells).some((cell) => (cell?.money ?? null) !== null));
  return section('costs', 'What it costs', [
    table({
      caption: note,
      columns: hasMoney ? [...columns, ...moneyColumns] : columns,
      groups: groupsByTask(report),
    }),
    prose(`${callsText(report)}.`),
  ]);
}

const note =
  'Calls and tokens (prompt and completion) per answer. Per point: what an answer takes more than the baseline’s, and in brackets what was spent once on the calls a method was trained on (beyond the baseline’s own), both for one point gained; 0: it takes no more. Steps: optimizer steps of one model over all iterations. Trained tokens: completion tokens over all epochs and agents.';

const columns: Column<MeasuredRow>[] = [
  { head: 'Method', brief: 'cost', of: ({ label }) => label },
  { head: 'calls', of: ({ cell }) => callsPerProblemText(cell.callsPerAnswer) },
  { head: 'tokens', of: ({ cell }) => `${cell.areTokensUnknown ? '≥ ' : ''}${count(Math.round(tokensOf(cell)))}` },
  { head: 'steps', of: ({ cell: { stepsPerModel: steps } }) => (steps === null ? '' : count(Math.round(steps))) },
  { head: 'trained tokens', of: ({ cell: { training } }) => (training ? count(Math.round(training.tokens)) : '') },
  {
    head: 'calls per point',
    of: ({ cell: { perPoint, comparison } }) =>
      perPoint ? perOnce(perPoint.calls, perPoint.trainingCalls) : comparison ? 'no gain' : '',
  },
  {
    head: 'tokens per point',
    of: ({ cell: { perPoint } }) => (perPoint ? perOnce(perPoint.tokens, perPoint.trainingCallTokens) : ''),
  },
];

const moneyColumns: Column<MeasuredRow>[] = [
  { head: '1,000 answers', of: ({ cell }) => moneyText(cell.money) },
  { head: 'money per point', of: ({ cell }) => moneyText(cell.perPoint?.money ?? null) },
];

function perOnce(each: number, once: number): string {
  const perAnswer = each === 0 ? '0' : each < 10 ? each.toFixed(2) : count(Math.round(each));
  return once === 0 ? perAnswer : `${perAnswer} (${count(Math.round(once))})`;
}

function moneyText(money: Cell['money']): string {
  if (money === null) return '';
  const { perThousandAnswers, once, currency } = money;
  const spentOnce = once === 0 ? '' : ` (${amount(once)})`;
  return `${amount(perThousandAnswers)}${spentOnce} ${currency}`;
}
