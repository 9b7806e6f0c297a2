/**
 * Settings that contradict each other. Only what the author wrote explicitly is refused; a default that makes no sense
 * beside an explicit setting gives way instead (`settleDependentDefaults`).
 */
import type { RunSpecification } from '../contract/specification';
import { InvalidRunSpec } from '../errors';
import { societySize } from '../domain/debate-rules';
import { automaticShardSize, mostShards } from '../domain/plan';
import { validationProblems } from '../domain/stopping';
import { instructionProblems, promptSet } from '../prompts';
import { promptTaskOf } from '../tasks/kinds/all';
import { isTimeZone, needsTimeZone } from '../domain/deadline';
import { rules } from './impossible-rules';
import { shownValue, unknownTimeZone } from './problems';
import { dottedPath, valueAt, type Path } from './plain-objects';

/** One line per explicitly given setting that cannot be. `given` is what the author wrote, normalised. */
export function impossibleSettings(specification: RunSpecification, given: unknown): string[] {
  const refused = contradictions(specification, given).map(({ problem }) => problem);
  return [
    ...refused,
    ...missingTeacher(specification),
    ...unknownPrompts(specification),
    ...deadlineProblems(specification),
    ...instructionProblems(specification.method.instructions),
    ...miscountedLists(specification).map(({ problem }) => problem),
    ...oversizedShard(specification),
    ...tooManyShards(specification),
  ];
}

/** The given settings that contradict others, each with its line. */
export function contradictions(specification: RunSpecification, given: unknown): { path: Path; problem: string }[] {
  const refused = new Map<string, { path: Path; problem: string }>();
  for (const { fields, refuses, why } of rules.filter((rule) => rule.when(specification))) {
    for (const path of fields) {
      const value = valueAt(given, path);
      const field = dottedPath(path);
      if (value === undefined || refuses?.(value, specification) === false || refused.has(field)) continue;
      const reason = typeof why === 'string' ? why : why(specification);
      refused.set(field, { path, problem: `${field}: ${shownValue(value)} is impossible: ${reason}` });
    }
  }
  return [...refused.values()];
}

function missingTeacher({ method, model }: RunSpecification): string[] {
  if (method.distil !== true || model.society !== undefined) return [];
  return [
    'model.society: missing; with method.distil it is the society that is learnt from: give it as RUN or RUN@ITERATION',
  ];
}

function deadlineProblems({ limits: { deadline, timeZone } }: RunSpecification): string[] {
  if (timeZone !== undefined && !isTimeZone(timeZone)) return [unknownTimeZone('limits.timeZone', timeZone)];
  const isNeeded = deadline !== undefined && needsTimeZone(deadline);
  if (isNeeded === (timeZone !== undefined)) return [];
  if (isNeeded)
    return [
      `limits.timeZone: missing; "${deadline}" is a time of which zone? Name one such as "Europe/Berlin", or write "${deadline}Z"`,
    ];
  const reader = 'only a limits.deadline such as "07:00" reads it';
  return [`limits.timeZone: ${shownValue(timeZone)} is impossible: ${reader}`];
}

function unknownPrompts({ method, task, evalTask }: RunSpecification): string[] {
  // A user's own task brings its own prompts.
  const tasks = [task, ...(evalTask === undefined ? [] : [evalTask])].filter(({ kind }) => kind !== 'module');
  try {
    tasks.forEach((each) => promptSet(method.prompts, promptTaskOf(each)));
    return [];
  } catch (error) {
    if (error instanceof InvalidRunSpec) return error.problems;
    throw error;
  }
}

/** Lists with an entry per member must have exactly one for each. */
export function miscountedLists(specification: RunSpecification): { path: Path; problem: string }[] {
  const { instructions } = specification.method;
  const { members } = societySize(specification);
  const lists: [Path, unknown][] = [
    [['model', 'members'], specification.model.members],
    ...(typeof instructions === 'string'
      ? []
      : Object.entries(instructions).map(([role, texts]): [Path, unknown] => [
          ['method', 'instructions', role],
          texts,
        ])),
  ];
  const counted = `it must have one for each of the ${members} members`;
  return lists.flatMap(([path, list]) =>
    Array.isArray(list) && list.length !== members
      ? [{ path, problem: `${dottedPath(path)}: ${list.length} entries are not allowed; ${counted}` }]
      : [],
  );
}

/** A shard's history must stay under 4,000 events, a third more than the automatic size plans for. */
function oversizedShard(specification: RunSpecification): string[] {
  const { shardSize } = specification.execution;
  const size = societySize(specification);
  const { members, rounds } = size;
  const largest = Math.max(automaticShardSize(size), Math.floor(4000 / (6 * members * rounds)));
  if (shardSize === 'auto' || shardSize <= largest) return [];
  return [
    `execution.shardSize: ${shardSize} is not allowed with ${members} members and ${rounds} rounds: at most ${largest}, ` +
      "so that a shard's history stays under 4,000 events",
  ];
}

/** One workflow opens all shards of a split: more would end its history. */
function tooManyShards(specification: RunSpecification): string[] {
  const { task, evalTask = task, execution, stopWhen } = specification;
  const automatic = automaticShardSize(societySize(specification));
  const shardSize = execution.shardSize === 'auto' ? automatic : execution.shardSize;
  const splits: [string, number][] = [
    ['task.train', specification.iterations === 0 ? 0 : task.train],
    [`${evalTask === task ? 'task' : 'evalTask'}.eval`, evalTask.eval],
    ['stopWhen.validation', validationProblems(stopWhen)],
  ];
  return splits.flatMap(([field, problems]) => {
    const shards = Math.ceil(problems / shardSize);
    if (shards <= mostShards) return [];
    const sizes = shardSize < automatic ? `, or a larger execution.shardSize, such as ${automatic}` : '';
    return [
      `${field}: ${problems} problems in shards of ${shardSize} are ${shards} shards, and a run has at most ` +
        `${mostShards} per split: at most ${mostShards * shardSize} problems${sizes}`,
    ];
  });
}
