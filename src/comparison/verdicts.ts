/** The comparison in plain words: who wins at equal calls, even if that is plain voting. */
import type { ComparedMethod } from '../contract/comparison';
import { mean } from '../domain/statistics';
import { againstSentence, winnerText, type Contender } from '../pages/evidence';
import { percent } from '../pages/numbers';
import { measuredRows, type ComparedRows, type MeasuredRow } from './rows';

/** One sentence for all tasks; with several, the evidence of each stands in `statementsOf`. */
export function headlineOf(compared: ComparedRows, tasks: string[]): string {
  const { rows, equalCalls: calls } = compared;
  if (rows.every(({ cells }) => Object.values(cells).every((cell) => cell === null)))
    return 'Nothing has been measured yet.';
  const uncounted = rows.some(({ tuned }) => tuned) ? ', training not counted' : '';
  const opening = calls === null ? '' : `At equal calls (${calls} per answer${uncounted}) `;
  const [only, ...others] = tasks;
  if (others.length === 0) return `${opening}${winnerAt(compared, only ?? '', 'with evidence')}.`;
  const sentences = tasks.map((task) => `on ${task} ${winnerAt(compared, task, 'briefly')}`);
  return `${opening}${sentences.join('; ')}.`;
}

function winnerAt(compared: ComparedRows, task: string, style: 'briefly' | 'with evidence'): string {
  const { rows, equalCalls: calls } = compared;
  const all = measuredRows(rows, task);
  const rivals = calls === null ? all : all.filter(({ cell }) => cell.callsPerAnswer === calls);
  const [first, second] = ranked(rivals);
  if (first === undefined) return 'nothing has been measured yet';
  if (first.accuracy === 0) return 'no method answers any problem correctly';
  if (second === undefined)
    return `${nameOf(first.row)} has ${percent(first.accuracy)}; nothing else was measured at so many calls`;
  const contenders = [first, second].map(({ row, accuracy }) => ({ name: nameOf(row), accuracy })) as [
    Contender,
    Contender,
  ];
  return winnerText(contenders, compared.between(task, [first.row.label, second.row.label]), style);
}

/** The two best, over the seeds that both have: means over different seeds are not comparable. */
function ranked(rows: MeasuredRow[]): { row: MeasuredRow; accuracy: number }[] {
  const best = rankedOver(rows).slice(0, 2);
  // Two may share more seeds than all rows do. Then all of theirs count, which may reverse their order.
  return rankedOver(best.map(({ row }) => row));
}

/** By the mean over the seeds that all rows have; over each row's own seeds if they share none. */
function rankedOver(rows: MeasuredRow[]): { row: MeasuredRow; accuracy: number }[] {
  const seeds = seedsOfAll(rows);
  return rows
    .map((row) => {
      const shared = row.cell.seeds.filter(({ seed }) => seeds.has(seed));
      return { row, accuracy: shared.length === 0 ? row.cell.accuracy : mean(shared.map(({ accuracy }) => accuracy)) };
    })
    .sort((left, right) => right.accuracy - left.accuracy);
}

/** Seeds that every row has been measured on. */
function seedsOfAll(rows: MeasuredRow[]): Set<number> {
  const [first, ...others] = rows.map(({ cell }) => new Set(cell.seeds.map(({ seed }) => seed)));
  return new Set([...(first ?? [])].filter((seed) => others.every((seeds) => seeds.has(seed))));
}

function nameOf(row: MeasuredRow): string {
  return isPlainVote(row) ? `plain majority voting (“${row.label}”)` : `“${row.label}”`;
}

/**
 * Every method but plain votes against the untuned vote that takes as many calls and is asked the same: the paper's own
 * method first, then the other tuned ones, then untuned ones. With several tasks, each one's winner before that.
 */
export function statementsOf(compared: ComparedRows, { tasks, methods }: Compared): string[] {
  if (tasks.length === 1) return tasks.flatMap((task) => againstTheVote(compared, { task, methods }));
  return tasks.flatMap((task) => {
    if (measuredRows(compared.rows, task).length === 0) return [];
    const winner = `${winnerAt(compared, task, 'with evidence')}.`;
    return [winner, ...againstTheVote(compared, { task, methods })].map((sentence) => `${task}: ${sentence}`);
  });
}

interface Compared {
  tasks: string[];
  methods: ComparedMethod[];
}

function againstTheVote(
  compared: ComparedRows,
  { task, methods }: Pick<Compared, 'methods'> & { task: string },
): string[] {
  const all = measuredRows(compared.rows, task);
  const votes = all.filter(isPlainVote);
  const others = all.filter((row) => row.kind !== 'further' && !isPlainVote(row) && row.cell.callsPerAnswer > 1);
  const order = (row: MeasuredRow) => (isPaperMethod(row, methods) ? 0 : row.tuned ? 1 : 2);
  return others
    .sort((left, right) => order(left) - order(right))
    .flatMap((row) => {
      const isAlike = ({ label }: MeasuredRow) => compared.areDrawnAlike([row.label, label]);
      const atCalls = votes.find((vote) => vote.cell.callsPerAnswer === row.cell.callsPerAnswer && isAlike(vote));
      // Each run draws it to the size of its own debates; a method that votes is compared with votes of its own size.
      const atTokens = row.cell.isVote ? undefined : all.find((vote) => isAtEqualTokens(vote) && isAlike(vote));
      return [atCalls, atTokens].flatMap((vote) => {
        const comparison = vote && compared.between(task, [row.label, vote.label]);
        if (!comparison) return [];
        return [againstSentence([row.label, vote.label], comparison)];
      });
    });
}

function isAtEqualTokens({ kind, tuned, cell }: MeasuredRow): boolean {
  return kind === 'further' && !tuned && cell.isVote;
}

function isPaperMethod({ method }: MeasuredRow, methods: ComparedMethod[]): boolean {
  return methods.some(({ name, preset }) => name === method && preset === 'multiagent-finetuning');
}

/** A vote over samples of the untuned model, whatever it is called. */
function isPlainVote({ tuned, kind, cell }: MeasuredRow): boolean {
  return !tuned && (kind === 'vote' || cell.isVote);
}
