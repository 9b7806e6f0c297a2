/** The proof as one self-contained page, made of the report's pieces: no script, no network. */
import type { AnswerMode } from '../contract/evaluation';
import { chartFigure } from '../report/chart-renderer';
import { html, sentence, type Html } from '../report/html';
import { count, counted, percent } from '../report/numbers';
import { madeFrom, renderPage } from '../report/page';
import type { PageSection } from '../report/section';
import { table } from '../report/table';
import type { Proof } from './build-proof';
import type { Claim } from './claims';
import type { SeedsComparison } from '../domain/evidence/seeds-comparison';
import { numbersTo, type Curve } from './curves';
import { curvesChart } from './curves-chart';
import { methodLabels } from './methods';
import { effortText, evidenceText, seedsText } from './render-table';

export function renderProofPage(proof: Proof): string {
  const { name, model, problems, seeds, iterations, versions } = proof;
  return renderPage({
    title: `${name}: multiagent finetuning over seeds`,
    heading: 'Multiagent finetuning over seeds',
    facts: [
      model,
      `${count(problems.train)} training and ${count(problems.eval)} evaluation problems per seed`,
      counted(iterations, 'iteration'),
      seedsText(seeds),
    ],
    opening: noticesList(proof),
    sections: [
      claimsSection(proof),
      ...curveSections(proof),
      findingsSection(proof),
      effortSection(proof),
      settingsSection(proof),
    ],
    footer: madeFrom(versions, 'the runs it names'),
  });
}

function noticesList({ notices }: Proof): Html | null {
  if (notices.length === 0) return null;
  return html`<ul class="notices">
    ${notices.map((notice) => html`<li>${sentence(notice)}</li>`)}
  </ul>`;
}

/** A list and no table: a claim is a sentence, and its numbers are a line of their own. */
function claimsSection({ claims }: Proof): PageSection {
  const items = claims.map(
    ({ claim, verdict, comparison, remark }: Claim) =>
      html`<li>
        <span class="verdict">${verdict}:</span> ${claim} ${comparison !== null && numbersLine(comparison)}
        ${remark !== '' && html`<div class="note">${remark}</div>`}
      </li>`,
  );
  return {
    id: 'claims',
    title: 'What is claimed, and whether these runs show it',
    content: [
      html`<p>
        Differences of accuracies in points, paired problem by problem. The first interval is a 95 % bootstrap over the
        problems of these seeds, the second a 95 % t-interval over the differences of three seeds or more. A claim holds
        where the mean difference is as large as claimed, both intervals lie above 0 and McNemar’s exact test over the
        problems has p &lt; 0.05; with fewer seeds it can hold for these seeds only. Nothing is corrected for their
        number.
      </p>`,
      html`<ul class="statements">
        ${items}
      </ul>`,
    ],
  };
}

function numbersLine(comparison: SeedsComparison): Html {
  return html`<div>
    ${percent(comparison.first)} against ${percent(comparison.second)}: ${evidenceText(comparison)}
  </div>`;
}

function curveSections(proof: Proof): PageSection[] {
  const titleOf = (mode: AnswerMode) =>
    mode === 'society'
      ? 'Each method as it answers'
      : mode === 'sample'
        ? 'One sample'
        : `Vote over ${mode.slice('vote-'.length)}`;
  const modes = [...new Set(proof.curves.map(({ mode }) => mode))];
  return modes.map((mode) => {
    const curves = proof.curves.filter((curve) => curve.mode === mode);
    const { iterations } = proof;
    const chart = curvesChart({ id: `curve-${mode}`, title: titleOf(mode), curves, iterations });
    return { id: mode, title: `Accuracy: ${titleOf(mode)}`, content: [chartFigure(chart), curveTable(curves, proof)] };
  });
}

function curveTable(curves: Curve[], { iterations, problems }: Proof): Html {
  const cells = (valueAt: (iteration: number) => number | undefined) =>
    numbersTo(iterations).map((iteration) => {
      const value = valueAt(iteration);
      return value === undefined ? '–' : percent(value);
    });
  const groups = curves.map((curve) => {
    const at = (iteration: number) => curve.points.find((point) => point.iteration === iteration);
    const seeds = [...new Set(curve.points.flatMap((point) => point.seeds.map(({ seed }) => seed)))];
    const seedRow = (seed: number) => ({
      header: `seed ${seed}`,
      cells: cells((iteration) => at(iteration)?.seeds.find((each) => each.seed === seed)?.accuracy),
    });
    const meanRow = { header: 'mean', emphasised: true, cells: cells((iteration) => at(iteration)?.mean) };
    return {
      title: `${methodLabels[curve.method]}: ${curve.label}, calls per problem: ${curve.callsPerProblem}`,
      rows: [...seeds.map(seedRow), meanRow],
    };
  });
  const columns = ['After iteration', ...numbersTo(iterations).map(String)];
  return table({ caption: `Accuracy on ${count(problems.eval)} evaluation problems per seed.`, columns, groups });
}

function findingsSection({ findings }: Proof): PageSection {
  const items = findings.map(
    ({ first, second, comparison }) => html`<li>${first}, against ${second} ${numbersLine(comparison)}</li>`,
  );
  return {
    id: 'findings',
    title: 'Also measured',
    content: [
      html`<p>Comparisons nobody claims anything about. A debate takes as many calls as the large vote.</p>`,
      html`<ul class="statements">
        ${items}
      </ul>`,
    ],
  };
}

function effortSection({ effort }: Proof): PageSection {
  const rows = effort.map((each) => ({
    header: methodLabels[each.method],
    cells: [effortText(each), seedsText(each.seeds)],
  }));
  const caption =
    'Per model over all iterations: mean, and fewest to most. The same settings for all methods; a method with more examples takes more steps.';
  return {
    id: 'training',
    title: 'How much was trained',
    content: [
      table({ caption, columns: ['Method', 'Training', 'Finished seeds'], groups: [{ rows }], wordColumns: [1, 2] }),
    ],
  };
}

function settingsSection({ specification, versions, runs }: Proof): PageSection {
  return {
    id: 'settings',
    title: 'Settings, versions, runs',
    content: [
      html`<p>
        ${Object.entries(versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(' · ')}
      </p>`,
      html`<p>
        Runs: ${runs.map(({ runId, isFinished }) => `${runId}${isFinished ? '' : ' (not finished)'}`).join(', ')}.
      </p>`,
      html`<details>
        <summary>The specification of the first run</summary>
        <pre class="text">${JSON.stringify(specification, undefined, 2)}</pre>
      </details>`,
    ],
  };
}
