/**
 * Measures of log-probabilities: likelihood under a held-out critic, and Kullback-Leibler divergences (measures.md).
 *
 * All are per token, in nats, as a ratio of sums over problems: sum of log-probabilities by sum of tokens. For the
 * divergences this is the divergence of whole responses by their expected length, so it is 0 or more but for sampling
 * noise; averaging each response's own mean would be neither a divergence nor bounded below.
 */
import type { AgentValue, Estimate, HeldOutEstimate, PairValue, ResponseScore } from '../../contract/measures';
import { estimateMeanOfRatios, ratioOf, type Ratio } from './estimates';
import { agentsOf, modelsOf, type WholeRound } from './whole-rounds';

/** Scores by response and scorer. */
export class ScoreTable {
  private readonly byKey: ReadonlyMap<string, ResponseScore>;

  constructor(scores: readonly ResponseScore[]) {
    this.byKey = new Map(scores.map((score) => [keyOf(score), score]));
  }

  find(response: { problemId: string; round: number; member: number }, scorer: string): ResponseScore | undefined {
    return this.byKey.get(keyOf({ ...response, scorer }));
  }
}

function keyOf({ problemId, round, member, scorer }: Omit<ResponseScore, 'logProbability' | 'tokens'>): string {
  return JSON.stringify([problemId, round, member, scorer]);
}

/** Negative log-likelihood of one member's responses under one model. */
function negativeLogLikelihood(
  table: ScoreTable,
  wholeRounds: readonly WholeRound[],
  member: number,
  scorer: string,
): Ratio {
  const scores = wholeRounds.map(({ problemId, round }) => table.find({ problemId, round, member }, scorer));
  return {
    numerators: scores.map((score) => -(score?.logProbability ?? 0)),
    denominators: scores.map((score) => score?.tokens ?? 0),
  };
}

/**
 * Responses of two critics under a third one, averaged over the triples. A triple's value is the mean of its two authors',
 * so every ordered pair of an author and another critic stands in equally many triples (N - 2): the average over the
 * triples is the average over those pairs. Needs three critics, or one model for all: then that model is the scorer.
 */
export function heldOutLikelihood(table: ScoreTable, wholeRounds: readonly WholeRound[]): HeldOutEstimate | undefined {
  const models = modelsOf(wholeRounds);
  const isOneModel = new Set(models).size === 1;
  if (!isOneModel && models.length < 3) return undefined;
  const ratios = models.flatMap((own, author) => {
    const scorers = isOneModel ? [own] : models.filter((_, scorer) => scorer !== author);
    return scorers.map((scorer) => negativeLogLikelihood(table, wholeRounds, author + 1, scorer));
  });
  const estimate = estimateMeanOfRatios(ratios);
  return estimate && { ...estimate, scorer: isOneModel ? 'the one model' : 'held-out critic' };
}

/** Every member's responses under one named model, averaged over the members. */
export function likelihoodUnder(
  table: ScoreTable,
  wholeRounds: readonly WholeRound[],
  scorer: string,
): HeldOutEstimate | undefined {
  const ratios = modelsOf(wholeRounds).map((_, author) =>
    negativeLogLikelihood(table, wholeRounds, author + 1, scorer),
  );
  const estimate = estimateMeanOfRatios(ratios);
  return estimate && { ...estimate, scorer: 'fixed scorer' };
}

/**
 * Monte-Carlo estimate of KL(p_own || p_other) per token, from responses that `member` wrote: only problems both models
 * have scored. Tokens are counted as the author's model does.
 */
function divergence(table: ScoreTable, wholeRounds: readonly WholeRound[], member: number, models: Models): Ratio {
  const parts = wholeRounds.map(({ problemId, round }) => {
    const own = table.find({ problemId, round, member }, models.own);
    const other = table.find({ problemId, round, member }, models.other);
    if (own === undefined || other === undefined) return { difference: 0, tokens: 0 };
    return { difference: own.logProbability - other.logProbability, tokens: own.tokens };
  });
  return { numerators: parts.map(({ difference }) => difference), denominators: parts.map(({ tokens }) => tokens) };
}

interface Models {
  own: string;
  other: string;
}

/** Averaged over the ordered pairs of members, within one role; `undefined` with fewer than two members. */
export function klBetweenAgents(
  table: ScoreTable,
  wholeRounds: readonly WholeRound[],
): (Estimate & { pairs: PairValue[] }) | undefined {
  const models = modelsOf(wholeRounds);
  const agents = agentsOf(wholeRounds);
  const pairs = models.flatMap((own, author) =>
    models.flatMap((other, compared) =>
      author === compared
        ? []
        : [
            {
              author: agents[author] ?? '',
              other: agents[compared] ?? '',
              ratio: divergence(table, wholeRounds, author + 1, { own, other }),
            },
          ],
    ),
  );
  const estimate = estimateMeanOfRatios(pairs.map(({ ratio }) => ratio));
  if (estimate === undefined) return undefined;
  return {
    ...estimate,
    pairs: pairs.flatMap(({ author, other, ratio }) => {
      const value = ratioOf(ratio);
      return value === undefined ? [] : [{ author, other, value }];
    }),
  };
}

/** Of each member's agent from its base, averaged over the members. @param bases Base model of each member. */
export function klFromBase(
  table: ScoreTable,
  wholeRounds: readonly WholeRound[],
  bases: readonly string[],
): (Estimate & { agents: AgentValue[] }) | undefined {
  const agents = agentsOf(wholeRounds);
  const ratios = modelsOf(wholeRounds).map((own, author) =>
    divergence(table, wholeRounds, author + 1, { own, other: bases[author] ?? '' }),
  );
  const estimate = estimateMeanOfRatios(ratios);
  if (estimate === undefined) return undefined;
  return {
    ...estimate,
    agents: ratios.flatMap((ratio, author) => {
      const value = ratioOf(ratio);
      return value === undefined ? [] : [{ agent: agents[author] ?? '', value }];
    }),
  };
}
