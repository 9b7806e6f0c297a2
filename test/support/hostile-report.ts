/** The report's fixture with hostile text in every place where a model, a file or a user can put one. */
import type { Measures } from '../../src/contract/measures';
import type { Transcript, Turn } from '../../src/contract/transcript';
import type { ReportInput } from '../../src/report';
import { hostileLine } from './hostile-text';
import { reportFixture } from './report-fixture';

export function hostileFixture(): ReportInput {
  const input = reportFixture({ evaluatedUpTo: 1 });
  const { run } = input;
  return {
    ...input,
    run: {
      ...run,
      runId: `demo${hostileLine}`,
      workflowId: `maft/${hostileLine}`,
      createdAt: hostileLine,
      versions: { ...run.versions, maft: hostileLine, [hostileLine]: hostileLine },
      plan: { ...run.plan, name: hostileLine, task: hostileLine, method: hostileLine, notices: [hostileLine] },
      specification: { ...run.specification, name: hostileLine, model: { base: hostileLine, endpoint: hostileLine } },
      valueSources: { ...run.valueSources, [hostileLine]: 'default' },
    },
    iterations: input.iterations.map(hostileIteration),
    transcripts: input.transcripts.map(hostileTranscript),
    followed: input.followed?.map(({ transcript }) => ({
      transcript: hostileTranscript(transcript),
      rightAnswers: [hostileLine],
    })),
    types: Object.fromEntries(Object.keys(input.questions ?? {}).map((problemId) => [problemId, hostileLine])),
    references: Object.fromEntries(Object.keys(input.references ?? {}).map((problemId) => [problemId, hostileLine])),
    questions: Object.fromEntries(Object.keys(input.questions ?? {}).map((problemId) => [problemId, hostileLine])),
    notices: [hostileLine],
  };
}

function hostileIteration(artifacts: ReportInput['iterations'][number]): ReportInput['iterations'][number] {
  const agents =
    artifacts.selection?.agents.map((agent) => ({ ...agent, agent: `${agent.agent} ${hostileLine}` })) ?? [];
  return {
    ...artifacts,
    measures: artifacts.measures && hostileMeasures(artifacts.measures),
    selection: artifacts.selection && { ...artifacts.selection, method: hostileLine, agents },
    audit: artifacts.audit && {
      ...artifacts.audit,
      agents: artifacts.audit.agents.map((agent) => ({ ...agent, agent: `${agent.agent} ${hostileLine}` })),
    },
    weights: artifacts.weights.map((record) => ({
      ...record,
      agent: `${record.agent} ${hostileLine}`,
      model: hostileLine,
      training: record.training && {
        ...record.training,
        device: hostileLine,
        precision: hostileLine,
        digest: hostileLine,
      },
    })),
  };
}

function hostileMeasures(measures: Measures): Measures {
  const { scored, specialisation, criticEffect } = measures;
  return {
    ...measures,
    method: hostileLine,
    scored: { ...scored, embeddingModel: hostileLine, fixedScorer: hostileLine },
    embedding: { ...measures.embedding, last: { kind: 'not-measurable', reason: hostileLine } },
    specialisation:
      specialisation.kind === 'measured'
        ? {
            ...specialisation,
            rows: specialisation.rows.map((row) => ({ ...row, type: `${row.type} ${hostileLine}` })),
          }
        : specialisation,
    criticEffect:
      criticEffect.kind === 'measured'
        ? { ...criticEffect, critics: criticEffect.critics.map((effect) => ({ ...effect, critic: hostileLine })) }
        : criticEffect,
  };
}

function hostileTranscript(transcript: Transcript): Transcript {
  const { consensus } = transcript;
  const hostileConsensus =
    consensus.kind === 'agreed'
      ? {
          ...consensus,
          answer: hostileLine,
          votes: consensus.votes.map((group) => ({ ...group, answer: hostileLine })),
        }
      : consensus.kind === 'failed'
        ? { ...consensus, reason: hostileLine }
        : consensus;
  return {
    ...transcript,
    question: hostileLine,
    rounds: transcript.rounds.map((round) => ({ ...round, turns: round.turns.map(hostileTurn) })),
    consensus: hostileConsensus,
  };
}

function hostileTurn(turn: Turn): Turn {
  return {
    ...turn,
    agent: `${turn.agent} ${hostileLine}`,
    model: hostileLine,
    response: `${hostileLine}\n${'unbroken'.repeat(600)}`,
    answer: turn.answer === null ? null : hostileLine,
    messages: turn.messages.map((message) => ({ ...message, content: hostileLine })),
    summary: turn.summary && { ...turn.summary, response: hostileLine },
  };
}
