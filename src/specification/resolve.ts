/** Resolves what a user wrote into the specification of a run: schema default < preset < what the user wrote. */
import {
  defaultLearningRate,
  runSpecificationSchema,
  type FinetuningSettings,
  type RunSpecification,
  type ValueSource,
} from '../contract/specification';
import { evaluationSize } from '../domain/debate-rules';
import { digestOf } from '../domain/digests';
import { defaultPreset, presetNames, presets, type Preset } from '../domain/presets';
import { InvalidRunSpec } from '../errors';
import { contradictions, impossibleSettings, miscountedLists } from './impossible';
import { suggestion } from './nearest';
import { normalise } from './normalise';
import {
  dottedPath,
  isPlainObject,
  leafPaths,
  merge,
  valueAt,
  type Path,
  type PlainObject,
  notTooDeep,
} from './plain-objects';
import { describeIssue, shownValue } from './problems';

export interface ResolvedSpecification {
  specification: RunSpecification & { finetuning: FinetuningSettings & { learningRate: number } };
  /** Where each value came from, by dotted path. */
  valueSources: Record<string, ValueSource>;
  /** SHA-256 (hex) of the specification's canonical JSON. */
  digest: string;
}

/**
 * Validates and completes a specification. Throws `InvalidRunSpec` with one line per problem, each with the field, its
 * value and what is allowed.
 *
 * @param runId Whose seed `seed: run` is; default: the id that a run of this name has first.
 */
export function resolveSpecification(raw: unknown, runId?: string): ResolvedSpecification {
  if (!isPlainObject(raw)) {
    throw new InvalidRunSpec([
      `specification: ${shownValue(raw)} is not a run specification; it must be one JSON object`,
    ]);
  }
  const { specification: given, shownPath } = normalise(raw, runId);
  const { preset, problems } = presetOf(given);
  const merged = merge(preset, given);
  const parsed = runSpecificationSchema.safeParse(merged);
  if (!parsed.success)
    problems.push(...parsed.error.issues.flatMap((issue) => describeIssue(issue, { value: merged, shownPath })));
  if (!parsed.success || problems.length > 0) throw new InvalidRunSpec([...new Set(problems)]);
  const impossible = impossibleSettings(parsed.data, settingsWritten(raw, given));
  if (impossible.length > 0) throw new InvalidRunSpec(impossible);
  const specification = settleDependentDefaults(parsed.data, merged);
  return {
    specification,
    valueSources: valueSources(specification, given, preset),
    digest: specificationDigest(specification),
  };
}

/** SHA-256 (hex) of the resolved specification without its description, which does not affect the run. */
export function specificationDigest({ description: _forPeople, ...decisive }: RunSpecification): string {
  return digestOf(decisive);
}

/**
 * Paths of the settings that contradict others; empty if `raw` is not a specification. For settings that several
 * methods have in common: those that one of them has no use for are left out of it instead of being refused.
 */
export function contradictingPaths(raw: PlainObject): Path[] {
  const { specification: given } = normalise(raw);
  const parsed = runSpecificationSchema.safeParse(merge(presetOf(given).preset, given));
  if (!parsed.success) return [];
  const written = settingsWritten(raw, given);
  const refused = [...contradictions(parsed.data, written), ...miscountedLists(parsed.data)];
  return refused.map(({ path }) => path);
}

function presetOf(given: PlainObject): { preset: Preset; problems: string[] } {
  const name = valueAt(given, ['method', 'preset']) ?? defaultPreset;
  const preset = typeof name === 'string' && Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (preset !== undefined) return { preset, problems: [] };
  // Not text: the schema reports that itself.
  if (typeof name !== 'string') return { preset: {}, problems: [] };
  const known = `(presets: ${presetNames.join(', ')})`;
  return {
    preset: {},
    problems: [`method: ${shownValue(name)} is not a preset${suggestion(name, presetNames)} ${known}`],
  };
}

/** One sampling object for all roles says nothing about critics in particular. */
function settingsWritten(raw: PlainObject, given: PlainObject): PlainObject {
  return raw.sampling === given.sampling ? given : { ...given, sampling: undefined };
}

/**
 * Defaults that depend on other settings. `merged` holds what the user or the preset gave, which stays as it is
 * (contradictions have been refused).
 */
function settleDependentDefaults(parsed: RunSpecification, merged: unknown): ResolvedSpecification['specification'] {
  const isOpen = (...path: string[]) => valueAt(merged, path) === undefined;
  const { finetuning, evaluation } = parsed;
  const answering = evaluationSize(parsed);
  const withoutDebate = answering.members === 1 ? 'sample' : 'vote';
  const evaluateBy =
    answering.rounds === 1 && isOpen('method', 'evaluateBy') ? withoutDebate : parsed.method.evaluateBy;
  const method = {
    ...parsed.method,
    evaluateBy,
    summary: Math.max(parsed.method.members, answering.members) === 1 ? false : parsed.method.summary,
    ...(evaluateBy === 'vote' ? { samples: parsed.method.samples ?? answering.members } : {}),
  };
  return {
    ...parsed,
    // An untuned method has nothing to iterate.
    iterations: method.weights === 'none' ? 0 : parsed.iterations,
    method,
    evaluation: { ...evaluation, ...evaluationSize({ method, evaluation }) },
    finetuning: {
      ...finetuning,
      learningRate: finetuning.learningRate ?? defaultLearningRate(finetuning),
    },
  };
}

function valueSources(specification: unknown, given: unknown, preset: unknown): Record<string, ValueSource> {
  const sourceOf = (path: readonly (string | number)[]): ValueSource => {
    const resolved = digestOf(valueAt(specification, path) ?? null);
    // A given default that had to give way (`iterations` of an untuned method) counts as a default.
    const from = (source: unknown) =>
      valueAt(source, path) !== undefined && digestOf(valueAt(source, path)) === resolved;
    if (from(given)) return 'specification';
    return from(preset) ? 'preset' : 'default';
  };
  return Object.fromEntries(leafPaths(specification).map((path) => [dottedPath(path), sourceOf(path)]));
}

/** The one argument that the top workflow may be started with; throws `InvalidRunSpec` with how many came. `resolveSpecification` judges its content. */
export function specificationArgument(input: readonly unknown[]): unknown {
  if (input.length === 1) return notTooDeep(input[0], 'input');
  throw new InvalidRunSpec([
    `input: exactly one JSON object is expected, got ${input.length === 0 ? 'none' : `${input.length} arguments`}`,
  ]);
}
