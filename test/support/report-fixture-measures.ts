/** Made-up measures for the report's fixture: the shapes of a real run's, invented numbers. */
import type { Estimate, Measured, Measures, ResponseShape, Role } from '../../src/contract/measures';
import type { Evaluation } from '../../src/contract/evaluation';
import { flipsBetween } from '../../src/domain/measures/flips';
import { notMeasurable } from '../../src/domain/measures/estimates';
import type { Shape } from './report-fixture-debates';

const measured = <Value extends object>(value: Value): Measured<Value> => ({ kind: 'measured', ...value });

function estimate(value: number, n = 200): Estimate {
  return { value, interval: { lower: value * 0.94, upper: value * 1.06 }, n };
}

export function measuresOf(
  iteration: number,
  shape: Pick<Shape, 'members' | 'rounds' | 'problems'>,
  evaluations: Evaluation[],
): Measures {
  const { members, rounds, problems } = shape;
  const numbers = Array.from({ length: members }, (_, index) => index + 1);
  const grown = 1 - 0.6 ** iteration;
  const alone = notMeasurable('with one member there are no pairs');
  const noCritics = notMeasurable('with one round there are no critics');
  const pairs = members > 1;
  const roles = <Value extends object>(value: (role: Role) => Measured<Value>) => ({
    generation: value('generation'),
    critic: rounds > 1 ? value('critic') : noCritics,
  });
  const current = evaluations[iteration]!;
  const since = (from: number) =>
    iteration === 0
      ? notMeasurable('nothing was evaluated before')
      : measured(flipsBetween(evaluations[from]!, current));
  const right = (share: number) => Math.round(share * problems);
  return {
    ...{ runId: 'demo-7f3a21', iteration, split: 'eval', method: 'multiagent-finetuning', seed: 21, problems },
    scored: { problems: 200, tooLong: iteration, embeddingModel: 'models/tiny-arithmetic', fixedScorer: null },
    agreement: measured({ ...estimate(0.71 + 0.12 * grown, problems), withoutConsensus: 3 }),
    embedding: {
      first: pairs ? measured(estimate(0.12 - 0.03 * grown)) : alone,
      last: pairs ? measured(estimate(0.09 - 0.02 * grown)) : alone,
    },
    heldOutLikelihood:
      iteration === 0
        ? measured({ ...estimate(0.21), scorer: 'the one model' as const })
        : members < 3
          ? notMeasurable(`a held-out critic needs three members; there are ${members}`)
          : measured({ ...estimate(0.21 + 0.06 * grown), scorer: 'held-out critic' as const }),
    klBetweenAgents: roles(() =>
      pairs
        ? measured({
            ...(iteration === 0 ? { value: 0, interval: { lower: 0, upper: 0 }, n: 200 } : estimate(0.03 * iteration)),
            pairs: [],
          })
        : alone,
    ),
    klFromBase: roles(() => measured({ ...estimate(0.04 * iteration), agents: [] })),
    specialisation: measured({
      rows: ['all', 'carry', 'no carry'].map((type, index) => ({
        type,
        problems: index === 0 ? problems : right(0.5),
        members: numbers.map((member) => ({
          member,
          firstRight: right(0.5 + 0.2 * grown) >> (index === 0 ? 0 : 1),
          lastRight: right(0.6 + 0.2 * grown) >> (index === 0 ? 0 : 1),
        })),
        anyFirstRight: right(0.8 + 0.1 * grown) >> (index === 0 ? 0 : 1),
        anyLastRight: right(0.75 + 0.1 * grown) >> (index === 0 ? 0 : 1),
        societyRight: right(0.67 + 0.1 * grown) >> (index === 0 ? 0 : 1),
      })),
    }),
    criticEffect:
      rounds > 1
        ? measured({
            critics: numbers.map((member) => ({
              critic: `critic-${member}`,
              problems,
              wrongToRight: right(0.15),
              rightToWrong: right(0.05),
              stayedRight: right(0.5),
              stayedWrong: problems - right(0.15) - right(0.05) - right(0.5),
            })),
          })
        : noCritics,
    flips: { sincePrevious: since(iteration - 1), sinceUntuned: since(0) },
    wrongConsensus: notMeasurable('nothing was trained before iteration 1'),
    responses: { first: measured(shapeOf(42, members * problems)), last: measured(shapeOf(43, members * problems)) },
    cost: {
      debate: notMeasurable('nothing was trained before iteration 1'),
      evaluation: { counts: { calls: 1, promptTokens: 1, completionTokens: 1 }, seconds: 20 },
      training: notMeasurable('nothing was trained before iteration 1'),
      scoring: { texts: 4800, tokens: 380_000, seconds: 12 },
      money: notMeasurable('no prices are configured'),
    },
  };
}

function shapeOf(meanTokens: number, responses: number): ResponseShape {
  return {
    responses,
    meanTokens: estimate(meanTokens),
    truncatedShare: 0.01,
    commonestTextShare: 0.02,
    parsedShare: 0.98,
  };
}
