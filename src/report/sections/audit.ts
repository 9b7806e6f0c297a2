/** How often the consensus that trained somebody was wrong; shown only where reference answers exist. */
import type { ConsensusAudit } from '../../contract/evaluation';
import { chartFigure } from '../chart-renderer';
import { shareChart } from '../charts/shares';
import type { ShareLine } from '../charts/shares';
import { html } from '../html';
import type { Html } from '../html';
import type { Report } from '../build-report';
import { count, percent } from '../numbers';
import type { PageSection } from '../section';
import { table } from '../table';

export function auditSection({ iterations, run }: Report): PageSection | null {
  const audits = iterations.flatMap(({ audit }) =>
    audit === undefined || totals(audit.agents).examples === 0 ? [] : [audit],
  );
  if (audits.length === 0) return null;
  const lines = roleLines(audits);
  return {
    id: 'audit',
    title: 'Audit of the consensus',
    content: [
      html`<p>
        Share of training examples that rest on a wrong
        consensus.${run.specification.method.select === 'reference' ? '' : ' Selection never reads reference answers.'}
        They were read here after the training sets had been written.
      </p>`,
      lines.length > 0 &&
        chartFigure(
          shareChart({
            id: 'audit',
            description:
              'Share of training examples with a wrong consensus per iteration; the values are in the table below.',
            caption: 'Wrong consensus among the training examples, by role; n per agent is in the table below.',
            lines,
            iterations: run.plan.iterations,
          }),
        ),
      auditTable(audits),
    ],
  };
}

const roles: { label: string; prefix: string; colorIndex: number }[] = [
  { label: 'Generation agents', prefix: 'generation-', colorIndex: 0 },
  { label: 'Critic agents', prefix: 'critic-', colorIndex: 1 },
  { label: 'Shared model', prefix: 'shared', colorIndex: 2 },
];

function roleLines(audits: ConsensusAudit[]): ShareLine[] {
  return roles
    .map(({ label, prefix, colorIndex }) => ({
      label,
      colorIndex,
      points: audits.flatMap(({ iteration, agents }) => {
        const { examples, wrongConsensus } = totals(agents.filter(({ agent }) => agent.startsWith(prefix)));
        return examples === 0 ? [] : [{ iteration, share: wrongConsensus / examples }];
      }),
    }))
    .filter(({ points }) => points.length > 0);
}

function auditTable(audits: ConsensusAudit[]): Html {
  return table({
    caption: 'Training examples with a wrong consensus; n is the number of those whose problem has a reference answer.',
    columns: ['Agent', 'Wrong consensus', 'n', 'Share'],
    groups: audits.map(({ iteration, agents, problems }) => ({
      title: `Iteration ${iteration}: consensus right on ${count(problems.consensusRight)} of ${count(problems.agreed)} training problems with a consensus${problems.agreed > 0 ? ` (${percent(problems.consensusRight / problems.agreed)})` : ''}`,
      rows: [
        ...agents.map(({ agent, ...counts }) => ({ header: agent, cells: auditCells(counts) })),
        { header: 'All agents', emphasised: true, cells: auditCells(totals(agents)) },
      ],
    })),
  });
}

function auditCells({ examples, wrongConsensus }: { examples: number; wrongConsensus: number }): string[] {
  return [count(wrongConsensus), count(examples), examples === 0 ? 'no examples' : percent(wrongConsensus / examples)];
}

function totals(agents: { examples: number; wrongConsensus: number }[]) {
  return {
    examples: agents.reduce((sum, { examples }) => sum + examples, 0),
    wrongConsensus: agents.reduce((sum, { wrongConsensus }) => sum + wrongConsensus, 0),
  };
}
