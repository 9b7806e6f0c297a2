/** Whether the critics use what they read, by intervention, at every iteration that measured it (measures.md). */
import type { CriticReading, Points } from '../../contract/critic-reading';
import { nameOfStart } from '../../domain/evidence/measurements';
import { count } from '../../pages/numbers';
import { details, list, prose, section, table, type Column, type Section } from '../../pages/page';
import { intervalText, readingSentence, withError } from '../../pages/reading-sentence';
import type { Report } from '../build-report';

interface Row {
  iteration: number;
  found: CriticReading;
}

/** Null if the run has no critics, or its measures leave this one out. */
export function criticsSection({ run, iterations }: Report): Section | null {
  if (run.plan.scoring?.includes('critics') !== true) return null;
  const taken = iterations.flatMap(({ iteration, measures }) => {
    const found = measures?.criticReading;
    return found === undefined ? [] : [{ iteration, found }];
  });
  const rows = taken.flatMap(({ iteration, found }) => (found.kind === 'measured' ? [{ iteration, found }] : []));
  const reasons = taken.flatMap(({ iteration, found }) =>
    found.kind === 'measured' ? [] : [`Iteration ${iteration}: ${found.reason}.`],
  );
  const [first] = rows;
  if (first === undefined) return section('critics', title, [list('details', reasons)]);
  const society = first.iteration === 0 ? nameOfStart(run.specification) : `iteration ${first.iteration}`;
  return section('critics', title, [
    prose(readingSentence(first.found, `the critics of ${society}`)),
    table({ caption, columns, groups: [{ rows }] }),
    details('Where it was not measured', [list('details', reasons)], { isPrinted: true }),
  ]);
}

const title = 'Do critics read?';

const caption =
  'Right revisions in percentage points ± standard error, with a 95 % interval over problems: everything but the two responses a critic reads stays equal. Reading: own answer wrong, others right instead of wrong. Copying: own answer right, others right instead of wrong. n: problems with three right and three wrong first answers, of those asked; the other problems say nothing of this.';

const columns: Column<Row>[] = [
  { head: 'Iteration', brief: 'critics of iteration', of: ({ iteration }) => iteration },
  { head: 'n', of: ({ found }) => `${count(found.problems)} of ${count(found.problemsAsked)}` },
  { head: 'Reading', brief: 'reading', of: ({ found }) => shown(found.reading) },
  { head: '95 % interval', of: ({ found }) => intervalText(found.reading) },
  { head: 'Copying', brief: 'copying', of: ({ found }) => shown(found.copying) },
  { head: '95 % interval', of: ({ found }) => intervalText(found.copying) },
];

function shown(points: Points): string | null {
  return points.points === null ? null : withError(points);
}
