/** How often the consensus behind training examples was wrong; shown only if reference answers exist. */
import type { ConsensusAudit } from '../../contract/evaluation';
import { shareChart, type ShareLine } from '../../pages/charts/shares';
import { count, percent } from '../../pages/numbers';
import { chart, prose, section, table, type Column, type Section } from '../../pages/page';
import type { Report } from '../build-report';

export function auditSection({ iterations, run }: Report): Section | null {
  const audits = iterations.flatMap(({ audit }) => (audit === undefined || allOf(audit).examples === 0 ? [] : [audit]));
  if (audits.length === 0) return null;
  const lines = roleLines(audits);
  const unread = run.specification.method.select === 'reference' ? '' : ' Selection never reads reference answers.';
  return section('audit', 'Audit of the consensus', [
    prose(
      `Share of training examples that rest on a wrong consensus.${unread} They were read here after the training sets had been written.`,
    ),
    lines.length > 0 &&
      chart(
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
  ]);
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
        const { examples, wrongConsensus } = allOf({ agents: agents.filter(({ agent }) => agent.startsWith(prefix)) });
        return examples === 0 ? [] : [{ iteration, share: wrongConsensus / examples }];
      }),
    }))
    .filter(({ points }) => points.length > 0);
}

type AuditRow = ConsensusAudit['agents'][number];

const columns: Column<AuditRow>[] = [
  { head: 'Agent', of: ({ agent }) => agent },
  { head: 'Wrong consensus', of: ({ wrongConsensus }) => count(wrongConsensus) },
  { head: 'n', of: ({ examples }) => count(examples) },
  {
    head: 'Share',
    of: ({ examples, wrongConsensus }) => (examples === 0 ? 'no examples' : percent(wrongConsensus / examples)),
  },
];

function auditTable(audits: ConsensusAudit[]) {
  return table({
    caption: 'Training examples with a wrong consensus; n is the number of those whose problem has a reference answer.',
    columns,
    groups: audits.map((audit) => ({ title: auditTitle(audit), rows: audit.agents, totals: [allOf(audit)] })),
  });
}

function auditTitle({ iteration, problems: { agreed, consensusRight } }: ConsensusAudit): string {
  const share = agreed > 0 ? ` (${percent(consensusRight / agreed)})` : '';
  return `Iteration ${iteration}: consensus right on ${count(consensusRight)} of ${count(agreed)} training problems with a consensus${share}`;
}

function allOf({ agents }: Pick<ConsensusAudit, 'agents'>): AuditRow {
  return {
    agent: 'All agents',
    examples: agents.reduce((sum, { examples }) => sum + examples, 0),
    wrongConsensus: agents.reduce((sum, { wrongConsensus }) => sum + wrongConsensus, 0),
  };
}
