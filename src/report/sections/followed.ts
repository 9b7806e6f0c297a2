/** A few problems followed agent by agent through the iterations: who was right when, and what each one wrote. */
import type { FollowedAnswer, FollowedDebate, FollowedProblem } from '../followed-problems';
import { html } from '../html';
import type { Html, HtmlValue } from '../html';
import type { Report } from '../build-report';
import { nameOfStart } from '../../domain/evidence/measurements';
import { modelText } from '../model-text';
import { shortened, visibleLine } from '../../visible-text';
import type { PageSection } from '../section';
import { table, type TableGroup } from '../table';

/** A longer answer is cut in the grid; it stands in full among the texts. */
const mostAnswerCharacters = 14;

interface Shown {
  /** Whether the society answers by a debate. */
  debates: boolean;
  /** What iteration 0 is. */
  start: string;
}

export function followedSection({ followed, run }: Report): PageSection | null {
  if (followed.length === 0) return null;
  const debates = run.plan.evaluationRounds > 1;
  const start = nameOfStart(run.specification);
  return {
    id: 'followed',
    title: 'Problems followed through the iterations',
    content: [
      html`<p>
        Drawn by seed, one of each kind and then more (n = ${followed.length}): no representative sample. ✓ right, ✗
        wrong, ∅ no answer could be parsed, – no turn. Where there is no reference answer: = equals the consensus, ≠
        differs from it.
      </p>`,
      followed.map((problem, index) => problemDetails(problem, { debates, start, open: index === 0 })),
    ],
  };
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

/** Agents down, iterations across: a row is the path of one agent. */
function answerGrid(
  { problemId, debates: followed }: FollowedProblem,
  { debates: societyDebates, start }: Shown,
): Html {
  const rounds = Math.max(0, ...followed.map((debate) => debate.rounds.length));
  const groups = Array.from({ length: rounds }, (_, round): TableGroup => {
    const members = new Set(followed.flatMap((debate) => debate.rounds[round]?.map(({ member }) => member) ?? []));
    const rows = [...members]
      .sort((left, right) => left - right)
      .map((member) => {
        const answers = followed.map((debate) => debate.rounds[round]?.find((each) => each.member === member));
        const agent = answers.find((answer) => answer !== undefined)?.agent ?? '';
        return { header: visibleLine(agent), cells: answers.map(answerCell) };
      });
    return rounds > 1 ? { title: `Round ${round + 1}`, rows } : { rows };
  });
  const society = {
    header: 'Society',
    emphasised: true,
    cells: followed.map((debate) => societyCell(debate, societyDebates)),
  };
  return html`<div class="answers">
    ${table({
      caption: `Answers to ${visibleLine(problemId)} by iteration; 0 is ${visibleLine(start)}.`,
      columns: ['Agent', ...followed.map(({ iteration }) => String(iteration))],
      groups: [...groups, { rows: [society] }],
      wordColumns: followed.map((_, index) => index + 1),
    })}
  </div>`;
}

function answerCell(answer: FollowedAnswer | undefined): HtmlValue {
  if (answer === undefined) return mark('–', 'no turn');
  if (answer.answer === null)
    return mark('∅', 'no answer could be parsed', answer.right === false ? 'wrong' : undefined);
  const given = shortAnswer(answer.answer);
  if (answer.right !== null) return [rightMark(answer.right), given];
  if (answer.agrees === undefined) return given;
  return [
    answer.agrees ? mark('=', 'equals the consensus', 'agrees') : mark('≠', 'differs from the consensus', 'disagrees'),
    given,
  ];
}

/** Where the society answers by vote or sample, its answer is not the debate's consensus. */
function societyCell({ consensus, answer, right }: FollowedDebate, societyDebates: boolean): HtmlValue {
  const given = societyDebates && answer !== null ? shortAnswer(answer) : null;
  const reason = consensus === 'failed' ? 'failed' : societyDebates && consensus === 'none' ? 'no consensus' : null;
  return [right === null ? mark('–', 'not graded') : rightMark(right), given, reason];
}

function rightMark(right: boolean): Html {
  return right ? mark('✓', 'right', 'right') : mark('✗', 'wrong', 'wrong');
}

function mark(symbol: string, spoken: string, kind = 'plain'): Html {
  return html`<span class="mark ${kind}" role="img" aria-label="${spoken}">${symbol}</span> `;
}

function shortAnswer(answer: string): Html {
  const { text, omitted } = shortened(visibleLine(answer), mostAnswerCharacters);
  return html`<code>${text}${omitted > 0 && '…'}</code>`;
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
    <p class="answer">${given} ${right !== null && rightMark(right)}</p>
  </li>`;
}
