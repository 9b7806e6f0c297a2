/** A few problems followed agent by agent through the iterations: who was right when, and what each one wrote. */
import { blocksMarkup } from '../../pages/html-page';
import { prose, section, table, type Column, type Marked, type Section } from '../../pages/page';
import type { FollowedAnswer, FollowedDebate, FollowedProblem } from '../followed-problems';
import { html, type Html } from '../../pages/html';
import type { Report } from '../build-report';
import { nameOfStart } from '../../domain/evidence/measurements';
import { modelText } from '../../pages/model-text';
import { clippedLine, visibleLine } from '../../visible-text';

/** A longer answer is cut in the grid; the texts show it in full. */
const mostAnswerCharacters = 14;

interface Shown {
  /** Whether the society answers by a debate. */
  debates: boolean;
  /** What iteration 0 is. */
  start: string;
}

export function followedSection({ followed, run }: Report): Section | null {
  if (followed.length === 0) return null;
  const debates = run.plan.evaluationRounds > 1;
  const start = nameOfStart(run.specification);
  return section('followed', 'Problems followed through the iterations', [
    prose(
      `Drawn by seed, one of each kind and then more (n = ${followed.length}): no representative sample. ✓ right, ✗ wrong, ∅ no answer could be parsed, – no turn. Where there is no reference answer: = equals the consensus, ≠ differs from it.`,
    ),
    ...followed.map((problem, index) => problemDetails(problem, { debates, start, open: index === 0 })),
  ]);
}

function problemDetails(problem: FollowedProblem, { debates, start, open }: Shown & { open: boolean }): Html {
  const { reason, problemId, question, reference, type } = problem;
  const facts = [visibleLine(problemId), type === null ? '' : `type ${visibleLine(type)}`].filter(
    (fact) => fact !== '',
  );
  const content = html`<summary>
      <span class="reason">${reason}</span> <span class="where">${facts.join(', ')}</span>
    </summary>
    ${modelText(question)}
    ${reference !== null && html`<p>Reference answer: <code>${visibleLine(reference)}</code></p>`}
    ${answerGrid(problem, { debates, start })} ${problem.debates.map((debate) => debateTexts(debate, start))}`;
  return open
    ? html`<details class="followed" open>${content}</details>`
    : html`<details class="followed">${content}</details>`;
}

interface AnswerRow {
  name: string;
  /** By iteration. */
  cells: Marked[];
}

/** Agents down, iterations across: a row is the path of one agent. */
function answerGrid({ problemId, debates: followed }: FollowedProblem, { debates, start }: Shown): Html {
  const rounds = Math.max(0, ...followed.map((debate) => debate.rounds.length));
  const groups = Array.from({ length: rounds }, (_, round) => ({
    ...(rounds > 1 ? { title: `Round ${round + 1}` } : {}),
    rows: answerRows(followed, round),
  }));
  const society = { name: 'Society', cells: followed.map((debate) => societyCell(debate, debates)) };
  const answers = table<AnswerRow>({
    caption: `Answers to ${problemId} by iteration; 0 is ${start}.`,
    columns: [
      { head: 'Agent', of: ({ name }) => name },
      ...followed.map(({ iteration }, index): Column<AnswerRow> => ({
        head: String(iteration),
        holds: 'words',
        of: ({ cells }) => cells[index] ?? null,
      })),
    ],
    groups: [...groups, { totals: [society] }],
  });
  return html`<div class="answers">${blocksMarkup([answers])}</div>`;
}

function answerRows(followed: FollowedDebate[], round: number): AnswerRow[] {
  const members = new Set(followed.flatMap((debate) => debate.rounds[round]?.map(({ member }) => member) ?? []));
  return [...members]
    .sort((left, right) => left - right)
    .map((member) => {
      const answers = followed.map((debate) => debate.rounds[round]?.find((each) => each.member === member));
      return { name: answers.find((answer) => answer !== undefined)?.agent ?? '', cells: answers.map(answerCell) };
    });
}

function answerCell(given: FollowedAnswer | undefined): Marked {
  if (given === undefined) return marked(signs.absent);
  const { answer, right, agrees } = given;
  if (answer === null) return marked({ ...signs.unparsed, kind: right === false ? 'wrong' : 'plain' });
  if (right !== null) return marked(right ? signs.right : signs.wrong, { answer });
  return marked(agrees === undefined ? null : agrees ? signs.agrees : signs.differs, { answer });
}

/** If the society answers by vote or sample, its answer is not the debate's consensus. */
function societyCell({ consensus, answer, right }: FollowedDebate, societyDebates: boolean): Marked {
  const reason = consensus === 'failed' ? 'failed' : societyDebates && consensus === 'none' ? 'no consensus' : '';
  const sign = right === null ? signs.ungraded : right ? signs.right : signs.wrong;
  return marked(sign, { answer: societyDebates ? answer : null, reason });
}

interface Sign {
  symbol: string;
  spoken: string;
  kind: string;
}

const signs = {
  absent: { symbol: '–', spoken: 'no turn', kind: 'plain' },
  ungraded: { symbol: '–', spoken: 'not graded', kind: 'plain' },
  unparsed: { symbol: '∅', spoken: 'no answer could be parsed', kind: 'plain' },
  right: { symbol: '✓', spoken: 'right', kind: 'right' },
  wrong: { symbol: '✗', spoken: 'wrong', kind: 'wrong' },
  agrees: { symbol: '=', spoken: 'equals the consensus', kind: 'agrees' },
  differs: { symbol: '≠', spoken: 'differs from the consensus', kind: 'disagrees' },
} satisfies Record<string, Sign>;

function marked(
  sign: Sign | null,
  { answer = null, reason = '' }: { answer?: string | null; reason?: string } = {},
): Marked {
  const short = answer === null ? '' : clippedLine(answer, mostAnswerCharacters);
  return {
    text: [sign?.symbol ?? '', short, reason].join(' ').trim(),
    markup: html`${sign && signMarkup(sign)}${answer !== null && html`<code>${short}</code>`}${reason}`,
  };
}

function signMarkup({ symbol, spoken, kind }: Sign): Html {
  return html`<span class="mark ${kind}" role="img" aria-label="${spoken}">${symbol}</span> `;
}

function debateTexts({ iteration, rounds }: FollowedDebate, start: string): Html | null {
  if (rounds.length === 0) return null;
  return html`<details class="sent">
    <summary>Texts of ${iteration === 0 ? visibleLine(start) : `iteration ${iteration}`}</summary>
    <ol class="turns">
      ${rounds.map((answers, index) => answers.map((answer) => turnText(answer, index + 1)))}
    </ol>
  </details>`;
}

function turnText({ agent, answer, right, response, omitted }: FollowedAnswer, round: number): Html {
  const given =
    answer === null ? html`<em>no answer could be parsed</em>` : html`answer <code>${visibleLine(answer)}</code>`;
  return html`<li class="turn">
    <p class="speaker"><strong>${visibleLine(agent)}</strong> <span class="where">round ${round}</span></p>
    ${modelText(response, omitted)}
    <p class="answer">${given} ${right !== null && signMarkup(right ? signs.right : signs.wrong)}</p>
  </li>`;
}
