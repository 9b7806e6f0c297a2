/** Who is right on which sort of problem: accuracy of every agent by type and by level, over the iterations. */
import type { AccuracyByType, Measures } from '../../contract/measures';
import { wilsonInterval } from '../../domain/statistics';
import type { SmallChart } from '../../pages/chart';
import { measurePanel } from '../../pages/charts/measure-panel';
import { seriesColor } from '../../pages/colors';
import { html } from '../../pages/html';
import { count, counted, percent } from '../../pages/numbers';
import { details, grid, prose, section, table, type Cell, type Column, type Section } from '../../pages/page';
import { visibleLine } from '../../visible-text';
import type { Report } from '../build-report';

interface Specialised {
  iteration: number;
  /** By type first, then by level. */
  rows: AccuracyByType[];
}

/** More panels than this are a table only. */
const mostPanels = 12;

/** Null if the data set names neither types nor levels, as with arithmetic. */
export function specialisationSection(report: Report): Section | null {
  const measured = report.iterations.flatMap(({ iteration, measures }): Specialised[] => {
    const rows = measures === undefined ? [] : groupedRows(measures);
    return rows.length === 0 ? [] : [{ iteration, rows }];
  });
  const last = measured.at(-1);
  if (last === undefined) return null;
  const [first, ...others] = rolesOf(report);
  const roles = [first, ...others];
  const earlier = measured.slice(0, -1).reverse();
  return section('specialisation', 'Specialisation by type of problem', [
    prose(
      'Accuracy of every agent’s own answers by the data set’s types and levels. Agents that specialise grow apart: each ahead where another is behind.',
    ),
    prose(first.title, 'heading'),
    ...panels(first, measured, report),
    ...others.map((role) => details(role.title, panels(role, measured, report))),
    agentTable([last], roles),
    details(`Earlier iterations (${earlier.length})`, [agentTable(earlier, roles)]),
  ]);
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

/** Who answered the first round and, if there are several, who the last. */
function rolesOf({ run: { plan } }: Report): [Role, ...Role[]] {
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

/** One small chart per type, all on one scale; only the most numerous types if there are too many. */
function panels(role: Role, measured: Specialised[], { run }: Report) {
  const all = measured.at(-1)?.rows ?? [];
  const numerous = [...all].sort((left, right) => right.problems - left.problems).slice(0, mostPanels);
  const shown = new Set(numerous.map(({ type }) => type));
  const axis = { ...scaleOf(role, measured, shown), format: (value: number) => `${Math.round(100 * value)} %` };
  const charts = all
    .filter(({ type }) => shown.has(type))
    .map(({ type, problems }, index): SmallChart =>
      measurePanel({
        id: `${role.id}-type-${index + 1}`,
        label: `Accuracy of the ${role.title} on ${type}`,
        caption: html`<strong>${visibleLine(type)}</strong> (n = ${count(problems)})`,
        lines: linesOf(role, measured, type),
        iterations: run.plan.iterations,
        axis,
      }),
    );
  const members = all[0]?.members ?? [];
  const legend = members.map(({ member }, index) => ({ label: `member ${member}`, color: seriesColor(index) }));
  const left = all.length - charts.length;
  return [grid(legend, charts), left > 0 && prose(`${counted(left, 'rarer type')} in the table only.`, 'note')];
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

function agentTable(measured: Specialised[], roles: Role[]) {
  const members = (measured[0]?.rows[0]?.members ?? []).map(({ member }, index) => ({ member, index }));
  const agents = roles.flatMap(({ nameOf, rightOf }) =>
    members.map(({ member, index }): Column<AccuracyByType> => ({
      head: nameOf(member),
      of: (row) => agentCell(row.members.map(rightOf), { index, problems: row.problems }),
    })),
  );
  return table<AccuracyByType>({
    caption:
      'Accuracy by type and level. ▲ and ▼ mark agents whose 95 % Wilson interval does not hold the mean of their role on that type: by chance fewer than one in twenty would be marked.',
    columns: [
      { head: 'Type', of: ({ type }) => type },
      { head: 'n', of: ({ problems }) => count(problems) },
      ...agents,
      { head: 'Society', of: ({ societyRight, problems }) => shareText(societyRight, problems) },
    ],
    groups: measured.map(({ iteration, rows }) => ({ title: `Iteration ${iteration}`, rows })),
  });
}

/** One agent's share among those of its role. */
function agentCell(rights: number[], { index, problems }: { index: number; problems: number }): Cell {
  const right = rights[index];
  if (right === undefined || problems === 0) return null;
  const mean = rights.reduce((sum, each) => sum + each, 0) / (rights.length * problems);
  const text = shareText(right, problems);
  const { lower, upper } = wilsonInterval({ correct: right, n: problems });
  if (lower <= mean && mean <= upper) return text;
  return lower > mean
    ? { text: `▲ ${text}`, markup: html`<span class="right">▲ ${text}</span>` }
    : { text: `▼ ${text}`, markup: html`<span class="wrong">▼ ${text}</span>` };
}

function shareText(right: number, problems: number): string | null {
  return problems === 0 ? null : percent(right / problems);
}
