/** What a gain costs: calls, tokens and, if an endpoint has prices, money, per percentage point above the baseline. */
import type { Prices, TrainingCost } from '../contract/comparison';
import { isLowerBound, noCounts, subtractCounts } from '../domain/counts';
import { priceOf } from '../domain/money';
import type { SeedsComparison } from '../domain/evidence/seeds-comparison';

interface Size {
  callsPerAnswer: number;
  promptTokensPerAnswer: number;
  completionTokensPerAnswer: number;
  areTokensUnknown?: true;
}

export interface RowMoney {
  currency: string;
  /** Of a thousand answers. */
  perThousandAnswers: number;
  /** For the calls a tuned method was trained on; training itself has no price here. 0 for untuned methods. */
  once: number;
}

/**
 * The cost of a point gained: calls and tokens of an answer beyond the baseline's, and likewise those spent once before
 * the first answer. 0 if it takes no more than the baseline: a saving per point gained would say nothing.
 */
export interface CostPerPoint {
  /** Points above the baseline. */
  points: number;
  calls: number;
  tokens: number;
  trainingCalls: number;
  /** Prompt and completion tokens of the calls that made the training data. */
  trainingCallTokens: number;
  /** Completion tokens trained on. */
  trainedTokens: number;
  money: RowMoney | null;
}

/** Null if nothing is gained: a cost per point of a loss would mean nothing. */
export function costPerPoint(input: {
  size: Size;
  rival: Size | null;
  training: TrainingCost | null;
  /** Of the baseline; null if it is untuned. */
  rivalTraining: TrainingCost | null;
  comparison: SeedsComparison | null;
  prices: Prices | undefined;
  /** Of the endpoint that answered for the baseline. */
  rivalPrices: Prices | undefined;
}): CostPerPoint | null {
  const { size, rival, training, rivalTraining, comparison, prices, rivalPrices } = input;
  const points = 100 * (comparison?.difference ?? 0);
  if (rival === null || points <= 0) return null;
  const perPoint = (extra: number) => Math.max(0, extra) / points;
  const money = moneyOf(size, training, prices);
  const rivalMoney = moneyOf(rival, rivalTraining, rivalPrices);
  const counts = subtractCounts(training?.counts ?? noCounts, rivalTraining?.counts ?? noCounts);
  return {
    points,
    calls: perPoint(size.callsPerAnswer - rival.callsPerAnswer),
    tokens: perPoint(tokensOf(size) - tokensOf(rival)),
    trainingCalls: perPoint(counts.calls),
    trainingCallTokens: perPoint(counts.promptTokens + counts.completionTokens),
    trainedTokens: perPoint((training?.tokens ?? 0) - (rivalTraining?.tokens ?? 0)),
    money:
      money === null || rivalMoney === null || money.currency !== rivalMoney.currency
        ? null
        : {
            currency: money.currency,
            perThousandAnswers: perPoint(money.perThousandAnswers - rivalMoney.perThousandAnswers),
            once: perPoint(money.once - rivalMoney.once),
          },
  };
}

/** Null if the endpoint has no prices, or did not count some of the tokens. */
export function moneyOf(size: Size, training: TrainingCost | null, prices: Prices | undefined): RowMoney | null {
  if (prices === undefined || size.areTokensUnknown) return null;
  if (training !== null && isLowerBound(training.counts)) return null;
  const answer = { promptTokens: size.promptTokensPerAnswer, completionTokens: size.completionTokensPerAnswer };
  return {
    currency: prices.currency,
    perThousandAnswers: 1000 * priceOf(answer, prices),
    once: priceOf(training?.counts ?? noCounts, prices),
  };
}

export function tokensOf({ promptTokensPerAnswer, completionTokensPerAnswer }: Size): number {
  return promptTokensPerAnswer + completionTokensPerAnswer;
}
