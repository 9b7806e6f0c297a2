/** Scores one batch of problems for one kind of measure: which models are asked, and how their answers are used. */
import type { ScoreBatch, ScoringKind } from '../src/contract/measures';
import type { RunRecord } from '../src/contract/run';
import type { Society } from '../src/contract/society';
import type { Transcript } from '../src/contract/transcript';
import type { DebateSize } from '../src/domain/debate-rules';
import { pairDissimilarities, wholeRoundsOf, wantedFromAgents, wantedFromScorer } from '../src/domain/measures';
import type { WantedScores } from '../src/domain/measures';
import { inGroups } from '../src/domain/measures/scored-text';
import { baseOf, nameOfBase } from '../src/domain/society';
import type { Scoring } from '../src/ports';
import { withoutRefusedProblems } from './refused-problems';
import { scoreResponses, type WantedResponse } from './response-scorer';

export interface NamedModel {
  model: string;
  endpoint: string;
}

/** The untuned models of a run. */
export interface UntunedModels {
  baseOf(agent: string): string;
  /** The base whose tokenizer a model of the society has. */
  tokenizerOf(model: string): string;
  /** The configured endpoint that serves a model of the society, or a base of it. */
  endpointOf(model: string): string;
}

export interface BatchContext {
  /** N and M of the debates that are scored. */
  size: DebateSize;
  kind: ScoringKind;
  record: RunRecord;
  models: UntunedModels;
  /** Scoring at a configured endpoint. */
  scoring: (endpoint: string) => Scoring;
  signal: AbortSignal;
}

/** Texts per request of embeddings; their weight is counted in characters. */
const perRequest = { items: 64, weight: 65_536 };

export async function scoreBatch(transcripts: Transcript[], context: BatchContext): Promise<ScoreBatch> {
  const startedAt = performance.now();
  const perform = context.kind === 'embedding' ? embed : score;
  const { results, refused } = await withoutRefusedProblems(transcripts, (some) => perform(some, context));
  return {
    problemIds: transcripts.map(({ problemId }) => problemId),
    scores: results.flatMap(({ scores = [] }) => scores),
    dissimilarities: results.flatMap(({ dissimilarities = [] }) => dissimilarities),
    tooLong: results.reduce((sum, { tooLong = 0 }) => sum + tooLong, 0),
    texts: results.reduce((sum, { texts }) => sum + texts, 0),
    tokens: results.reduce((sum, { tokens }) => sum + tokens, 0),
    ...(refused.length === 0 ? {} : { refused }),
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** The embedding model: the named one, or the base model at the endpoint that serves it. */
export function embeddingModelOf({ specification }: RunRecord): NamedModel {
  const { embedding } = specification.evaluation;
  const { base, endpoint } =
    embedding === undefined ? specification.model : { base: embedding.model, endpoint: embedding.endpoint };
  return { model: nameOfBase({ base, endpoint }), endpoint };
}

export function fixedScorerOf({ specification }: RunRecord): NamedModel | undefined {
  const { scorer } = specification.evaluation;
  return scorer && { model: nameOfBase(scorer), endpoint: scorer.endpoint };
}

/** Bases by agent, and so by model: an agent's weights are always made from its own base, in this run or an earlier one. */
export function untunedModels(
  { specification }: Pick<RunRecord, 'specification'>,
  { first, scored }: { first: Pick<Society, 'agents'>; scored: Pick<Society, 'agents'> },
): UntunedModels {
  const { agents } = first;
  const tuned = Object.entries(scored.agents);
  const served = [...Object.values(agents), ...tuned.map(([, agent]) => agent)];
  const own = Object.keys(agents).map((agent) => baseOf(specification, agent));
  const endpoints = new Map([
    ...own.map((base): [string, string] => [nameOfBase(base), base.endpoint]),
    ...served.map(({ model, endpoint }): [string, string] => [model, endpoint]),
  ]);
  const baseByModel = new Map(tuned.map(([agent, { model }]) => [model, nameOfBase(baseOf(specification, agent))]));
  // A model that is no agent's is itself a base.
  return {
    baseOf: (agent) => nameOfBase(baseOf(specification, agent)),
    tokenizerOf: (model) => baseByModel.get(model) ?? model,
    endpointOf: (model) => endpoints.get(model) ?? specification.model.endpoint,
  };
}

type Scored = Partial<ScoreBatch> & Pick<ScoreBatch, 'texts' | 'tokens'>;

async function embed(
  transcripts: readonly Transcript[],
  { size, record, scoring: scoringAt, signal }: BatchContext,
): Promise<Scored> {
  const { model, endpoint } = embeddingModelOf(record);
  const scoring = scoringAt(endpoint);
  const { members, rounds } = size;
  const spoken = [...new Set([1, rounds])];
  const wholeRounds = spoken.flatMap((round) => wholeRoundsOf(transcripts, round, members));
  const texts = [...new Set(wholeRounds.flatMap(({ turns }) => turns.map(({ response }) => embeddable(response))))];
  const vectors = new Map<string, number[]>();
  for (const group of inGroups(texts, ({ length }) => length, perRequest)) {
    const embedded = await scoring.embed({ model, texts: group }, signal);
    group.forEach((text, index) => vectors.set(text, embedded[index] ?? []));
  }
  const dissimilarities = wholeRounds.flatMap((wholeRound) =>
    pairDissimilarities(
      wholeRound,
      wholeRound.turns.map(({ response }) => vectors.get(embeddable(response)) ?? []),
    ),
  );
  return { dissimilarities, texts: texts.length, tokens: 0 };
}

/** Servers refuse a text without tokens; an empty response gets the embedding of a blank. */
function embeddable(response: string): string {
  return response.trim() === '' ? ' ' : response;
}

async function score(transcripts: readonly Transcript[], context: BatchContext): Promise<Scored> {
  const { size, record, kind, models, scoring, signal } = context;
  const fixed = fixedScorerOf(record);
  const question = {
    ...size,
    measures: record.specification.evaluation.measures,
    fixedScorer: fixed?.model ?? null,
    baseOf: (agent: string) => models.baseOf(agent),
  };
  const isFixed = kind === 'scorer' && fixed !== undefined;
  const wanted = isFixed ? wantedFromScorer(transcripts, question) : wantedFromAgents(transcripts, question);
  return scoreResponses(withTurns(wanted, transcripts), {
    scoringOf: (model) => scoring(isFixed ? fixed.endpoint : models.endpointOf(model)),
    tokenizerOf: (model) => (isFixed ? fixed.model : models.tokenizerOf(model)),
    signal,
  });
}

function withTurns(wanted: WantedScores[], transcripts: readonly Transcript[]): WantedResponse[] {
  const byProblem = new Map(transcripts.map((transcript) => [transcript.problemId, transcript]));
  return wanted.flatMap((response) => {
    const rounds = byProblem.get(response.problemId)?.rounds ?? [];
    const turns = rounds.find(({ round }) => round === response.round)?.turns ?? [];
    const turn = turns.find(({ member }) => member === response.member);
    return turn === undefined ? [] : [{ ...response, turn }];
  });
}
