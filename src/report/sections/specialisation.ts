/** Who is right on which sort of problem: accuracy of every agent by type and by level, over the iterations. */
import type { AccuracyByType, Measures } from '../../contract/measures';
import { wilsonInterval } from '../../domain/statistics';
import { measurePanel } from '../charts/measure-panel';
import { legendList, smallChart } from '../chart-renderer';
import { seriesColor } from '../colors';
import { html } from '../html';
import type { Html, HtmlValue } from '../html';
import type { Report } from '../build-report';
import { count, counted, percent } from '../numbers';
import { visibleLine } from '../../visible-text';
import type { PageSection } from '../section';
import { table, type TableGroup, type TableRow } from '../table';

interface Specialised {
  iteration: number;
  /** By type first, then by level. */
  rows: AccuracyByType[];
}

/** More panels than this are a table only. */
const mostPanels = 12;

/** Nothing where the data set names neither types nor levels, as with arithmetic. */
export function specialisationSection(report: Report): PageSection | null {
  const measured = report.iterations.flatMap(({ iteration, measures }): Specialised[] => {
    const rows = measures === undefined ? [] : groupedRows(measures);
    return rows.length === 0 ? [] : [{ iteration, rows }];
  });
  const last = measured.at(-1);
  if (last === undefined) return null;
  const roles = rolesOf(report);
  const earlier = measured.slice(0, -1).reverse();
  return {
    id: 'specialisation',
    title: 'Specialisation by type of problem',
    content: [
      html`<p>
        Accuracy of every agent’s own answers by the data set’s types and levels. Agents that specialise grow apart:
        each ahead where another is behind.
      </p>`,
      memberLegend(last),
      roles.map((role, index) => panels(role, measured, { report, open: index === 0 })),
      agentTable([last], roles),
      earlier.length > 0 &&
        html`<details>
          <summary>Earlier iterations (${earlier.length})</summary>
          ${agentTable(earlier, roles)}
        </details>`,
    ],
  };
}

function groupedRows({ specialisation }: Measures): AccuracyByType[] {
  if (specialisation.kind !== 'measured') return [];
  return [...specialisation.rows.slice(1), ...(specialisation.levels ?? [])];
}

interface Role {
  title: string;
  id: string;
  nameOf: (member: number) => string;
  rightOf: (member: AccuracyByType['members'][number]) => number;
}

/** Who answered the first round, and who the last where there is more than one. */
function rolesOf({ run: { plan } }: Report): Role[] {
  const first: Role = {
    title: 'Generation agents (first round)',
    id: 'generation',
    nameOf: (member) => `generation-${member}`,
    rightOf: ({ firstRight }) => firstRight,
  };
  if (plan.evaluationRounds < 2) return [first];
  const answeredByGeneration = plan.critics === 'generation';
  const last: Role = {
    title: answeredByGeneration ? 'Generation agents (last round)' : 'Critics (last round)',
    id: 'critic',
    nameOf: (member) => (answeredByGeneration ? `generation-${member}, last round` : `critic-${member}`),
    rightOf: ({ lastRight }) => lastRight,
  };
  return [first, last];
}

function memberLegend({ rows }: Specialised): Html | null {
  const members = rows[0]?.members ?? [];
  return legendList(members.map(({ member }, index) => ({ label: `member ${member}`, color: seriesColor(index) })));
}

/** One small chart per type, all on one scale; the most numerous types where there are too many. */
function panels(role: Role, measured: Specialised[], { report, open }: { report: Report; open: boolean }): Html {
  const all = measured.at(-1)?.rows ?? [];
  const shown = new Set(
    [...all]
      .sort((left, right) => right.problems - left.problems)
      .slice(0, mostPanels)
      .map(({ type }) => type),
  );
  const types = all.filter(({ type }) => shown.has(type));
  const axis = { ...scaleOf(role, measured, shown), format: (value: number) => `${Math.round(100 * value)} %` };
  const charts = types.map(({ type, problems }, index) =>
    smallChart(
      measurePanel({
        id: `${role.id}-type-${index + 1}`,
        label: `Accuracy of the ${role.title} on ${type}`,
        caption: html`<strong>${visibleLine(type)}</strong> (n = ${count(problems)})`,
        lines: linesOf(role, measured, type),
        iterations: report.run.plan.iterations,
        axis,
      }),
    ),
  );
  const left = all.length - types.length;
  const content: HtmlValue[] = [
    html`<div class="grid">${charts}</div>`,
    left > 0 && html`<p class="note">${counted(left, 'rarer type')} in the table only.</p>`,
  ];
  if (open)
    return html`<h3>${role.title}</h3>
      ${content}`;
  return html`<details>
    <summary>${role.title}</summary>
    ${content}
  </details>`;
}

function linesOf({ rightOf }: Role, measured: Specialised[], wanted: string) {
  const points = measured.flatMap(({ iteration, rows }) =>
    rows.filter(({ type, problems }) => type === wanted && problems > 0).map((row) => ({ iteration, row })),
  );
  const members = points[0]?.row.members ?? [];
  return members.map(({ member }, colorIndex) => ({
    colorIndex,
    points: points.flatMap(({ iteration, row }) => {
      const own = row.members.find((each) => each.member === member);
      return own === undefined ? [] : [{ iteration, estimate: { value: rightOf(own) / row.problems, interval: null } }];
    }),
  }));
}

/** What all panels of a role share, in steps of twenty points. */
function scaleOf({ rightOf }: Role, measured: Specialised[], shown: ReadonlySet<string>) {
  const values = measured.flatMap(({ rows }) =>
    rows
      .filter(({ type, problems }) => shown.has(type) && problems > 0)
      .flatMap(({ members, problems }) => members.map((member) => rightOf(member) / problems)),
  );
  return {
    min: Math.max(0, Math.floor(5 * Math.min(1, ...values) - 0.1) / 5),
    max: Math.min(1, Math.ceil(5 * Math.max(0, ...values) + 0.1) / 5),
  };
}

function agentTable(measured: Specialised[], roles: Role[]): Html {
  const members = measured[0]?.rows[0]?.members ?? [];
  const heads = roles.flatMap(({ nameOf }) => members.map(({ member }) => nameOf(member)));
  return table({
    caption:
      'Accuracy by type and level. ▲ and ▼ mark agents whose 95 % Wilson interval does not hold the mean of their role on that type: by chance fewer than one in twenty would be marked.',
    columns: ['Type', 'n', ...heads, 'Society'],
    groups: measured.map(({ iteration, rows }): TableGroup => ({
      title: `Iteration ${iteration}`,
      rows: rows.map((row) => typeRow(row, roles)),
    })),
  });
}

function typeRow(row: AccuracyByType, roles: Role[]): TableRow {
  const { type, problems, members, societyRight } = row;
  const cells = roles.flatMap(({ rightOf }) => {
    const rights = members.map(rightOf);
    const mean = rights.reduce((sum, right) => sum + right, 0) / Math.max(1, rights.length * problems);
    return rights.map((right) => agentCell({ right, problems, mean }));
  });
  return { header: visibleLine(type), cells: [count(problems), ...cells, shareText(societyRight, problems)] };
}

function agentCell({ right, problems, mean }: { right: number; problems: number; mean: number }): HtmlValue {
  const text = shareText(right, problems);
  const { lower, upper } = wilsonInterval({ correct: right, n: problems });
  if (problems === 0 || (lower <= mean && mean <= upper)) return text;
  return lower > mean ? html`<span class="right">▲ ${text}</span>` : html`<span class="wrong">▼ ${text}</span>`;
}

function shareText(right: number, problems: number): string {
  return problems === 0 ? '–' : percent(right / problems);
}
