/** The first screen: what happened in one sentence, accuracy over the iterations, one debate, and what it took. */
import type { DebateRound, Transcript } from '../../contract/transcript';
import { addCounts, noCounts } from '../../domain/counts';
import { nameOfStart } from '../../domain/evidence/measurements';
import { decisionSentence, evidenceSentence } from '../../domain/lines/sentences';
import { clippedLine, visibleLine } from '../../visible-text';
import { chart, prose, section, type Section } from '../../pages/page';
import type { Report } from '../build-report';
import { accuracyChart, accuracyCurves } from '../charts/accuracy';
import { html, type Html } from '../../pages/html';
import { completionTokensText, moneyText, probingCosts, promptTokensText } from '../known-costs';
import { count, counted, duration } from '../../pages/numbers';
import { correctedItself, type SampleDebate } from '../sample-debates';
import { societyLabel } from './accuracy';

export function openingSection(report: Report): Section | null {
  return section('result', 'Result', [
    ...promotionProse(report),
    report.landed === undefined ? null : prose(report.landed),
    prose(report.headline, 'headline'),
    warned(report),
    curve(report),
    oneDebate(report),
    costs(report),
  ]);
}

/** A night's report begins with what came of it. */
export function promotionProse({ promotion }: Pick<Report, 'promotion'>) {
  if (promotion === undefined) return [];
  return [prose(decisionSentence(promotion), 'headline'), prose(`${evidenceSentence(promotion.evidence)}.`)];
}

function warned({ findings }: Report) {
  if (findings.length === 0) return null;
  return prose(`${counted(findings.length, 'warning')} below: the run may be getting worse by its own doing.`);
}

function curve(report: Report) {
  if (report.points.length === 0) return null;
  const { plan, specification } = report.run;
  const curves = accuracyCurves(report.points, societyLabel(report));
  return chart(accuracyChart(curves, plan.iterations, nameOfStart(specification)));
}

/** A member that a critic corrected, if there is one; the full debates are further down. */
function oneDebate({ samples, run }: Report): Html | null {
  const debated = samples.filter(({ transcript }) => transcript.rounds.length > 1);
  const chosen = debated.find(({ reason }) => reason === correctedItself) ?? debated[0];
  if (chosen === undefined) return null;
  const { transcript, reason } = chosen;
  const society = transcript.iteration === 0 ? nameOfStart(run.specification) : `iteration ${transcript.iteration}`;
  return html`<div class="brief">
    <p class="label">One debate: ${reason} (${visibleLine(society)}, ${transcript.split})</p>
    <p><code>${clipped(transcript.question)}</code></p>
    <table>
      <thead>
        <tr>
          <th scope="col">Member</th>
          ${transcript.rounds.map(({ round }) => html`<th scope="col">Round ${round}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${membersOf(transcript).map((member) => memberRow(member, transcript.rounds))}
      </tbody>
    </table>
    <p>${outcome(chosen)} <a href="#debates">Whole debates, with summaries and prompts</a></p>
  </div>`;
}

function membersOf({ rounds }: Transcript): number[] {
  return (rounds[0]?.turns ?? []).map(({ member }) => member);
}

function memberRow(member: number, rounds: readonly DebateRound[]): Html {
  const cells = rounds.map(({ turns }) => {
    const turn = turns.find((each) => each.member === member);
    if (turn === undefined) return html`<td>–</td>`;
    const answer = turn.answer === null ? html`<em>no answer</em>` : html`<strong>${clipped(turn.answer)}</strong>`;
    return html`<td>${answer} <span class="where">${clipped(turn.response)}</span></td>`;
  });
  return html`<tr>
    <th scope="row">${member}</th>
    ${cells}
  </tr>`;
}

function outcome({ transcript: { consensus }, correct }: SampleDebate): Html {
  if (consensus.kind !== 'agreed') return html`No consensus.`;
  const verdict = correct === null ? '' : correct ? ', which is right' : ', which is wrong';
  return html`The vote: <code>${clipped(consensus.answer)}</code>${verdict}.`;
}

/** One line that leaves the others in sight. */
const mostCharacters = 160;

const clipped = (text: string): string => clippedLine(text, mostCharacters);

function costs({ timings, prices, iterations }: Report): Html | null {
  if (timings.length === 0) return null;
  const revisions = probingCosts(iterations).map((probing) => probing.counts);
  const counts = addCounts(noCounts, ...timings.map((timing) => timing.counts), ...revisions);
  const seconds = timings.reduce((sum, timing) => sum + timing.seconds, 0);
  const trained = iterations.filter(({ iteration }) => iteration > 0).length;
  const parts = [
    `${count(counts.calls)} model calls`,
    `${promptTokensText(counts)} prompt tokens`,
    `${completionTokensText(counts)} completion tokens`,
    ...(prices === null ? [] : [moneyText(counts, prices)]),
    `${counted(trained, 'iteration')} of finetuning`,
    `${duration(seconds)} in all its stages`,
  ];
  return html`<p class="note">It took ${parts.join(', ')}. <a href="#costs">By stage</a></p>`;
}
