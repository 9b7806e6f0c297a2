/**
 * Measuring a finished society is a run of no iterations that starts from it: one more specification, no other way of
 * running (docs/decisions/0015-an-evaluation-is-a-run.md).
 */
import { evaluationRequestSchema, type EvaluationRequest } from '../contract/evaluation-request';
import type { RunRecord } from '../contract/run';
import type { Society } from '../contract/society';
import { InvalidRunSpec } from '../errors';
import { normalise } from './normalise';
import { isPlainObject, merge, valueAt, without, type Path, type PlainObject } from './plain-objects';
import { describeIssue, shownValue } from './problems';

/** Throws `InvalidRunSpec` with one line per problem. */
export function parseEvaluationRequest(raw: unknown): EvaluationRequest {
  if (!isPlainObject(raw)) {
    throw new InvalidRunSpec([
      `input: ${shownValue(raw)} is not an evaluation; it must be one JSON object such as {"society": "demo@2", "task": {"kind": "gsm8k"}}`,
    ]);
  }
  const parsed = evaluationRequestSchema.safeParse(raw);
  // As written: what it does not set comes from the society's run, and no default may take its place.
  if (parsed.success) return raw as EvaluationRequest;
  throw new InvalidRunSpec(
    parsed.error.issues.flatMap((issue) => describeIssue(issue, { value: raw, schema: evaluationRequestSchema })),
  );
}

/** Settings that say how a run goes on; an evaluation does not. */
const onlyTraining = ['iterations', 'stopWhen', 'guard', 'evalTask', 'name', 'task', 'seed', 'line'];

/** What the society's run may spend, and until when, is no limit of what measures it. */
const furtherOnlyTraining: Path[] = [
  ['execution', 'reuseTurnsOf'],
  ['model', 'society'],
  ...['deadline', 'timeZone', 'usd', 'gpuHours', 'tokens', 'calls'].map((limit) => ['limits', limit]),
];

/** The specification of a run that only measures: as the society's own run was written, overridden by the request. */
export function evaluationSpecification(
  { society: name, task, seed, evaluation, ...wanted }: EvaluationRequest,
  { society, record }: { society: Society; record: RunRecord },
): PlainObject {
  const { specification: written } = normalise(record.written as PlainObject);
  const kept = without(
    written,
    [...onlyTraining.map((field) => [field]), ...furtherOnlyTraining].filter(
      (path) => valueAt(written, path) !== undefined,
    ),
  );
  const { specification } = record;
  const evaluated = specification.evalTask ?? specification.task;
  return merge(kept, {
    name: wanted.name ?? `${society.runId}.i${society.iteration}-on-${(task ?? evaluated).kind}`.slice(0, 100),
    seed: seed ?? specification.seed,
    task: task ?? evaluated,
    iterations: 0,
    model: { society: `${name.split('@')[0]}@${society.iteration}` },
    ...(evaluation === undefined ? {} : { evaluation }),
  }) as PlainObject;
}
