import {
  heldOutLikelihood,
  klBetweenAgents,
  klFromBase,
  likelihoodUnder,
  ScoreTable,
} from '../../../src/domain/measures/likelihood';
import { wholeRoundsOf } from '../../../src/domain/measures/whole-rounds';
import {
  exactCrossEntropy,
  exactDivergence,
  toyDebates,
  toyModelName,
  toyScores,
  type ToyModel,
} from '../../support/toy-models';

const a: ToyModel = { x: 8 / 16, yy: 4 / 16, zzz: 4 / 16 };
const b: ToyModel = { x: 2 / 16, yy: 10 / 16, zzz: 4 / 16 };
const c: ToyModel = { x: 5 / 16, yy: 1 / 16, zzz: 10 / 16 };
const models = [a, b, c];

function measuredOn(society: ToyModel[], others: Record<string, ToyModel> = {}) {
  const debates = toyDebates(society);
  const named = Object.fromEntries(society.map((model, index) => [toyModelName(index + 1), model]));
  const table = new ScoreTable(toyScores(debates, { ...named, ...others }));
  return { table, panels: wholeRoundsOf(debates, 1, society.length) };
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('KL between agents', () => {
  test('of each ordered pair is the sum over all responses, per token', () => {
    const { table, panels } = measuredOn(models);
    const { pairs } = klBetweenAgents(table, panels)!;
    for (const { author, other, value } of pairs) {
      const of = (agent: string) => models[Number(agent.split('-')[1]) - 1]!;
      expect(value).toBeCloseTo(exactDivergence(of(author), of(other)), 12);
    }
    expect(pairs).toHaveLength(6);
  });

  test('is averaged over the ordered pairs, and an interval surrounds it', () => {
    const { table, panels } = measuredOn(models);
    const { value, interval, n } = klBetweenAgents(table, panels)!;
    const exact = models.flatMap((p) => models.filter((q) => q !== p).map((q) => exactDivergence(p, q)));
    expect(value).toBeCloseTo(mean(exact), 12);
    expect(n).toBe(16);
    expect(interval!.lower).toBeLessThan(value);
    expect(interval!.upper).toBeGreaterThan(value);
  });

  test('of equal models is 0, whatever they say', () => {
    const { table, panels } = measuredOn([a, a]);
    expect(klBetweenAgents(table, panels)).toMatchObject({ value: 0, interval: { lower: 0, upper: 0 } });
  });

  test('leaves out a response that one of the two has not scored', () => {
    const debates = toyDebates([a, b]);
    const scores = toyScores(debates, { 'model-1': a, 'model-2': b });
    const without = scores.filter(({ problemId, scorer }) => problemId !== 'problem-0' || scorer !== 'model-2');
    const estimate = klBetweenAgents(new ScoreTable(without), wholeRoundsOf(debates, 1, 2))!;
    expect(estimate.n).toBe(15);
    const [first] = estimate.pairs;
    const numerator = 16 * exactDivergence(a, b) * (28 / 16) - Math.log(a['x']! / b['x']!);
    expect(first!.value).toBeCloseTo(numerator / (28 - 1), 12);
  });

  test('of models with different tokenizers is per token of the author, whose divergence it is', () => {
    const debates = toyDebates([a, b]);
    // model-2 reads every response as twice as many tokens.
    const scores = toyScores(debates, { 'model-1': a, 'model-2': b }).map((score) =>
      score.scorer === 'model-2' ? { ...score, tokens: 2 * score.tokens } : score,
    );
    const { pairs } = klBetweenAgents(new ScoreTable(scores), wholeRoundsOf(debates, 1, 2))!;
    expect(pairs).toEqual([
      { author: 'generation-1', other: 'generation-2', value: expect.closeTo(exactDivergence(a, b), 12) },
      { author: 'generation-2', other: 'generation-1', value: expect.closeTo(exactDivergence(b, a) / 2, 12) },
    ]);
  });

  test('has no value with one member or without scores', () => {
    const { panels } = measuredOn(models);
    expect(klBetweenAgents(new ScoreTable([]), panels)).toBeUndefined();
    const alone = measuredOn([a]);
    expect(klBetweenAgents(alone.table, alone.panels)).toBeUndefined();
  });
});

describe('KL from the base', () => {
  test('is the exact divergence of each agent from its own base, averaged over the agents', () => {
    const { table, panels } = measuredOn([a, b], { 'base-1': b, 'base-2': c });
    const { value, agents } = klFromBase(table, panels, ['base-1', 'base-2'])!;
    const exact = [exactDivergence(a, b), exactDivergence(b, c)];
    expect(agents.map((agent) => agent.value)).toEqual(exact.map((each) => expect.closeTo(each, 12)));
    expect(value).toBeCloseTo(mean(exact), 12);
  });

  test('of a base with another tokenizer is per token of the agent', () => {
    const debates = toyDebates([a]);
    const scores = toyScores(debates, { 'model-1': a, base: b }).map((score) =>
      score.scorer === 'base' ? { ...score, tokens: 3 * score.tokens } : score,
    );
    const { value } = klFromBase(new ScoreTable(scores), wholeRoundsOf(debates, 1, 1), ['base'])!;
    expect(value).toBeCloseTo(exactDivergence(a, b), 12);
  });

  test('of an agent that still is its base is 0', () => {
    const { table, panels } = measuredOn([a, b]);
    expect(klFromBase(table, panels, ['model-1', 'model-2'])!.value).toBe(0);
  });
});

describe('likelihood under a held-out critic', () => {
  test('is the average over the triples of two authors and a third, held-out critic', () => {
    const society = [a, b, c, { x: 4 / 16, yy: 4 / 16, zzz: 8 / 16 }];
    const { table, panels } = measuredOn(society);
    const triples: number[] = [];
    society.forEach((first, i) =>
      society.slice(i + 1).forEach((second, offset) =>
        society.forEach((judge, k) => {
          if (k === i || k === i + 1 + offset) return;
          triples.push(mean([exactCrossEntropy(first, judge), exactCrossEntropy(second, judge)]));
        }),
      ),
    );
    expect(triples).toHaveLength(12);
    expect(heldOutLikelihood(table, panels)).toMatchObject({
      value: expect.closeTo(mean(triples), 12) as number,
      scorer: 'held-out critic',
    });
  });

  test('needs three critics where they differ', () => {
    const { table, panels } = measuredOn([a, b]);
    expect(heldOutLikelihood(table, panels)).toBeUndefined();
  });

  test('with one model for all agents that model is the scorer: its own cross entropy', () => {
    const debates = toyDebates([a, a]).map((debate) => ({
      ...debate,
      rounds: debate.rounds.map((round) => ({
        ...round,
        turns: round.turns.map((turn) => ({ ...turn, model: 'shared' })),
      })),
    }));
    const table = new ScoreTable(toyScores(debates, { shared: a }));
    expect(heldOutLikelihood(table, wholeRoundsOf(debates, 1, 2))).toMatchObject({
      value: expect.closeTo(exactCrossEntropy(a, a), 12) as number,
      scorer: 'the one model',
    });
  });

  test('a named scorer judges every member', () => {
    const { table, panels } = measuredOn([a, b], { judge: c });
    expect(likelihoodUnder(table, panels, 'judge')).toMatchObject({
      value: expect.closeTo(mean([exactCrossEntropy(a, c), exactCrossEntropy(b, c)]), 12) as number,
      scorer: 'fixed scorer',
    });
  });
});
