/** Sample debates that open and read turn by turn. Everything here is model text: it is shown, never interpreted. */
import type { ChatMessage, CompletionEnd, Consensus, DebateRound, Turn } from '../../contract/transcript';
import { endingOf } from '../../domain/finish-reasons';
import { html, type Html, type HtmlValue } from '../../pages/html';
import type { Report } from '../build-report';
import { nameOfStart } from '../../domain/evidence/measurements';
import { modelText } from '../../pages/model-text';
import { count, counted } from '../../pages/numbers';
import { visibleLine } from '../../visible-text';
import type { SampleDebate } from '../sample-debates';
import { prose, section, type Section } from '../../pages/page';

export function debatesSection({ samples, run }: Report): Section | null {
  if (samples.length === 0) return null;
  return section('debates', 'Sample debates', [
    prose(
      `Chosen by a seeded draw, one for each kind of outcome that occurs; not a representative sample (n = ${samples.length}). ✓ marks an answer equal to the consensus, ✗ one that is not; neither says whether it is right.`,
    ),
    ...samples.map((sample) => sampleDetails(sample, nameOfStart(run.specification))),
  ]);
}

/** @param start What iteration 0 is. */
function sampleDetails(sample: SampleDebate, start: string): Html {
  const { transcript, reason } = sample;
  const society = transcript.iteration === 0 ? start : `iteration ${transcript.iteration}`;
  return html`<details class="debate">
    <summary>
      <span class="reason">${reason}</span>
      <span class="where">${visibleLine(society)}, ${transcript.split}, ${visibleLine(transcript.problemId)}</span>
      ${outcomeBadge(sample)}
    </summary>
    <h3>Question</h3>
    ${modelText(transcript.question)} ${transcript.rounds.map(roundOf)}
    <h3>Vote</h3>
    ${voteOf(transcript.consensus)} ${verdictOf(sample)}
  </details>`;
}

function outcomeBadge({ correct }: SampleDebate): Html | null {
  if (correct === null) return null;
  return correct ? html`<span class="badge right">right</span>` : html`<span class="badge wrong">wrong</span>`;
}

function roundOf({ round, turns }: DebateRound): Html {
  return html`<h3>Round ${round}</h3>
    <ol class="turns">
      ${turns.map(turnOf)}
    </ol>`;
}

function turnOf(turn: Turn): Html {
  return html`<li class="turn">
    <p class="speaker">
      <strong>${visibleLine(turn.agent)}</strong> <span class="where">${visibleLine(turn.model)}</span>
    </p>
    ${turn.summary && labelled('Summary of the others’ previous round', modelText(turn.summary.response))}
    ${labelled('Response', modelText(turn.response))}
    <p class="answer">${answerOf(turn)}</p>
    <details class="sent">
      <summary>What ${visibleLine(turn.agent)} was sent (${counted(turn.messages.length, 'message')})</summary>
      ${turn.messages.map(messageOf)}
    </details>
  </li>`;
}

function answerOf({ answer, agrees, usage, ...end }: Turn): HtmlValue[] {
  const parsed =
    answer === null ? html`<em>no answer could be parsed</em>` : html`answer <code>${visibleLine(answer)}</code>`;
  const mark =
    agrees === undefined
      ? null
      : agrees
        ? html` <span class="agrees"><span aria-hidden="true">✓</span> equals the consensus</span>`
        : html` <span class="disagrees"><span aria-hidden="true">✗</span> differs from the consensus</span>`;
  const { completionTokens: written } = usage;
  const tokens = written === null ? 'unknown number of tokens' : `${count(written)} tokens`;
  return [parsed, mark, html`<span class="where"> ${tokens}${visibleLine(endText(end))}</span>`];
}

/** A response's end, if it is unusual. */
function endText(end: CompletionEnd & { response: string }): string {
  const ending = endingOf(end);
  if (ending === undefined) return '';
  return ending === 'truncated' ? ', cut at the token limit' : `, ${ending}`;
}

function messageOf({ role, content }: ChatMessage): Html {
  return labelled(role, modelText(content));
}

function labelled(label: string, content: Html): Html {
  return html`<div class="labelled">
    <p class="label">${label}</p>
    ${content}
  </div>`;
}

function voteOf(consensus: Consensus): Html {
  if (consensus.kind === 'failed') return html`<p>Failed before the vote: ${visibleLine(consensus.reason)}</p>`;
  if (consensus.kind === 'none') return html`<p>No consensus: no last-round answer could be parsed.</p>`;
  const groups = consensus.votes.map(
    ({ answer, members }) =>
      html`<li>
        <code>${visibleLine(answer)}</code>: ${members.length} ${members.length === 1 ? 'vote' : 'votes'} (member
        ${members.join(', ')})
      </li>`,
  );
  const tie =
    consensus.tieBroken && html`<p class="note">The largest groups were equally large; a seeded draw decided.</p>`;
  return html`<ul class="votes">
      ${groups}
    </ul>
    <p>Consensus: <code>${visibleLine(consensus.answer)}</code></p>
    ${tie}`;
}

function verdictOf({ correct, reference }: SampleDebate): Html | null {
  if (correct === null && reference === null) return null;
  const verdict =
    correct === null ? 'Not graded.' : correct ? 'The society’s answer is right.' : 'The society’s answer is wrong.';
  return html`<p class="verdict">
    ${verdict}${reference !== null && html` Reference answer: <code>${visibleLine(reference)}</code>`}
  </p>`;
}
