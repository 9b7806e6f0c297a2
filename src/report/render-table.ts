/**
 * The result for a terminal: the headline, why the run ended early and what warns of a collapse, the table of accuracies
 * and paired differences, the sentences on calls.
 */
import type { Report } from './build-report';
import { callsPerProblemText, count, percentWithError, points, pointsInterval, pValue } from './numbers';
import { asciiOnly, plainTableLines, wrapped } from './plain-table';
import { visibleLine } from '../visible-text';
import type { ResultRow } from './result-rows';

export interface TableStyle {
  /** Letters a plain terminal or a file may not show are spelt out: `+/-` for ±, `-` for the minus sign. */
  ascii: boolean;
  /** Columns of the terminal, for wrapping the sentences; the table itself keeps its width. */
  width?: number;
}

const heads = ['method', 'accuracy', 'n', 'calls', 'tokens', 'difference', '95 % interval', 'McNemar'];

/** Lines without a final newline. Control characters in names are made visible, so they cannot move the cursor. */
export function renderTable(report: Report, { ascii, width = 100 }: TableStyle): string {
  const spelt = (text: string) => (ascii ? asciiOnly(visibleLine(text)) : visibleLine(text));
  const paragraph = (text: string) => wrapped(spelt(text), width).join('\n');
  const table = report.rows.length === 0 ? [] : [tableLines(report.rows, spelt).join('\n'), spelt(footnote(report))];
  const paragraphs = [
    ...[report.headline, ...remarks(report)].map(paragraph),
    ...table,
    ...report.statements.map(paragraph),
  ];
  return paragraphs.join('\n\n').replace(/\u00a0/g, ' ');
}

function remarks({ endedEarly, findings }: Report): string[] {
  return [...(endedEarly === undefined ? [] : [endedEarly]), ...findings.map(({ message }) => `Warning: ${message}.`)];
}

/** Cells are spelt before they are measured, so that the columns line up in either alphabet. */
function tableLines(rows: ResultRow[], spelt: (text: string) => string): string[] {
  const breaks = new Set(
    rows.flatMap((row, index) => (index > 0 && rows[index - 1]?.group !== row.group ? [index] : [])),
  );
  return plainTableLines({ heads: heads.map(spelt), rows: rows.map((row) => cellsOf(row).map(spelt)), breaks });
}

function cellsOf({ label, callsPerProblem, tokensPerProblem, comparison, ...measured }: ResultRow): string[] {
  const tokens = tokensPerProblem === null ? 'unknown' : count(Math.round(tokensPerProblem));
  const row = [label, percentWithError(measured), count(measured.n), callsPerProblemText(callsPerProblem), tokens];
  if (comparison === null) return [...row, '', '', ''];
  return [...row, points(comparison.difference), pointsInterval(comparison.interval), pValue(comparison.pValue)];
}

function footnote({ rows }: Report): string {
  const reference = rows.find(({ iteration, mode }) => iteration === 0 && mode === 'society');
  const against = reference === undefined ? '' : ` Differences in points, paired, to "${reference.label}".`;
  return `Accuracy ± standard error; calls and tokens (prompts and summaries included) per problem.${against}`;
}
