/**
 * Settings that contradict each other. Only what the author wrote explicitly is refused; a default that makes no sense
 * beside an explicit setting gives way instead (`settleDependentDefaults`).
 */
import type { RunSpecification } from '../contract/specification';
import { InvalidRunSpec } from '../errors';
import { automaticShardSize } from '../domain/plan';
import { promptSet } from '../prompts';
import { shownValue } from './problems';
import { dottedPath, valueAt, type Path } from './plain-objects';

interface Rule {
  /** Whether the rule holds for these settings. */
  when(specification: RunSpecification): boolean;
  /** Fields that may then not be given. */
  fields: readonly Path[];
  /** Whether a given value is impossible; any is, where this is absent. */
  refuses?(value: unknown): boolean;
  why: string;
}

const criticTraining: Path[] = [
  ['method', 'correctedShare'],
  ['method', 'mixing'],
  ['method', 'criticTarget'],
];

/** Ordered: a field is reported under the first rule that refuses it. */
const rules: readonly Rule[] = [
  {
    when: ({ method }) => method.weights === 'none',
    fields: [...criticTraining, ['method', 'select'], ['method', 'minimumAgreement']],
    why: 'with method.weights "none" nothing is trained, so nothing is selected',
  },
  {
    when: ({ method }) => method.weights === 'none',
    fields: [['iterations']],
    refuses: (value) => value !== 0,
    why: 'with method.weights "none" nothing is trained, so there is only iteration 0; leave it out or give 0',
  },
  {
    when: ({ method }) => method.rounds === 1,
    fields: [...criticTraining, ['method', 'summary'], ['sampling', 'critic'], ['sampling', 'summariser']],
    why: 'with method.rounds 1 there are no critics and no summaries',
  },
  {
    when: ({ method }) => method.rounds === 1,
    fields: [['method', 'evaluateBy']],
    refuses: (value) => value === 'debate',
    why: 'with method.rounds 1 there is no debate; use "vote" or "sample"',
  },
  {
    when: ({ method }) => method.members === 1,
    fields: [['method', 'summary']],
    refuses: (value) => value === true,
    why: 'with method.members 1 there is nobody else whose response could be summarised',
  },
  {
    when: ({ method }) => method.weights === 'one',
    fields: criticTraining,
    why: 'with method.weights "one" there is one model and no critic with a training set of its own',
  },
  {
    when: ({ method }) => method.select === 'none',
    fields: [
      ['method', 'correctedShare'],
      ['method', 'mixing'],
      ['method', 'minimumAgreement'],
    ],
    why: 'with method.select "none" every response is kept: there is no consensus to exceed and nothing to mix',
  },
  {
    when: ({ method }) => method.select === 'reference',
    fields: [['method', 'minimumAgreement']],
    why: 'with method.select "reference" the label decides, not the consensus',
  },
];

/** One line per explicitly given setting that cannot be. `given` is what the author wrote, normalised. */
export function impossibleSettings(specification: RunSpecification, given: unknown): string[] {
  const refused = new Map<string, string>();
  for (const { fields, refuses, why } of rules.filter((rule) => rule.when(specification))) {
    for (const path of fields) {
      const value = valueAt(given, path);
      const field = dottedPath(path);
      if (value === undefined || refuses?.(value) === false || refused.has(field)) continue;
      refused.set(field, `${field}: ${shownValue(value)} is impossible: ${why}`);
    }
  }
  return [...refused.values(), ...unknownPrompts(specification), ...oversizedShard(specification)];
}

function unknownPrompts({ method, task }: RunSpecification): string[] {
  try {
    promptSet(method.prompts, task.kind);
    return [];
  } catch (error) {
    if (error instanceof InvalidRunSpec) return error.problems;
    throw error;
  }
}

/** A shard's history must stay under 4,000 events, a third more than the automatic size plans for. */
function oversizedShard({ execution, method }: RunSpecification): string[] {
  const { shardSize } = execution;
  const { members, rounds } = method;
  const largest = Math.max(automaticShardSize(method), Math.floor(4000 / (6 * members * rounds)));
  if (shardSize === 'auto' || shardSize <= largest) return [];
  return [
    `execution.shardSize: ${shardSize} is not allowed with ${members} members and ${rounds} rounds: at most ${largest}, ` +
      "so that a shard's history stays under 4,000 events",
  ];
}
