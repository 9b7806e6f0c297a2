/**
 * One method of a comparison as a run specification. Settings that all methods have in common are only defaults: a
 * preset overrides them, the method's own settings override both, and those that a method has no use for are left out.
 * Settings that its author gave to the method itself are kept, and refused if they are impossible.
 */
import { defaultPreset, presets } from '../../domain/presets';
import { normalise } from '../normalise';
import { isPlainObject, leafPaths, merge, valueAt, without, type Path, type PlainObject } from '../plain-objects';
import { shownValue } from '../problems';
import { contradictingPaths } from '../resolve';
import { startingFrom } from './teachers';

export interface MethodEntry {
  name: string;
  preset: string;
  /** The name of a task to train on instead of the column's. */
  trainOn?: string;
  /** The name of the method whose society this one learns from. */
  teacher?: string;
  /** The settings given to this method, as a partial run specification. */
  own: PlainObject;
}

/** Fields of a run specification that a method may have beside its own settings. */
const runFields = [
  'method',
  'iterations',
  'stopWhen',
  'guard',
  'model',
  'sampling',
  'finetuning',
  'evaluation',
  'limits',
  'execution',
];
/** What the comparison decides for all methods. */
const comparisonFields = ['seed', 'seeds', 'task', 'tasks'];

export interface EntryProblem {
  problem: string;
}

/** An entry of `methods`, spelt out, or a sentence on what is wrong with its shape. */
export function methodEntry(written: unknown, index: number): MethodEntry | EntryProblem {
  const where = `methods.${index}`;
  if (typeof written === 'string') return { name: written, preset: written, own: { method: { preset: written } } };
  if (!isPlainObject(written)) return { problem: `${where}: it must be a preset's name or an object` };
  const misplaced = comparisonFields.filter((field) => Object.hasOwn(written, field));
  if (misplaced.length > 0) {
    return { problem: `${where}.${misplaced[0]}: all methods are compared on the same; it stands beside \`methods\`` };
  }
  if (Object.hasOwn(written, 'evalTask')) {
    return {
      problem: `${where}.evalTask: the columns are the tasks to evaluate on; \`trainOn\` names the one to train on`,
    };
  }
  const { name, trainOn, teacher, ...rest } = written;
  if (trainOn !== undefined && typeof trainOn !== 'string')
    return {
      problem: `${where}.trainOn: ${shownValue(trainOn)} is not allowed; it must be the name of one of the tasks`,
    };
  if (teacher !== undefined && typeof teacher !== 'string')
    return {
      problem: `${where}.teacher: ${shownValue(teacher)} is not allowed; it must be the name of another method`,
    };
  const spread = spreadSettings(rest);
  if (teacher !== undefined && (trainOn !== undefined || valueAt(spread, ['model', 'society']) !== undefined)) {
    const beside = trainOn === undefined ? 'model.society' : 'trainOn';
    return { problem: `${where}.teacher: given beside \`${beside}\`; give one of the two` };
  }
  const own = teacher === undefined ? spread : startingFrom(spread, teacher);
  const preset = valueAt(own, ['method', 'preset']) ?? defaultPreset;
  const label = name ?? preset;
  if (typeof label !== 'string') return { problem: `${where}.name: it must be a text` };
  const spelt = { name: label, preset: typeof preset === 'string' ? preset : defaultPreset, own };
  return {
    ...spelt,
    ...(trainOn === undefined ? {} : { trainOn }),
    ...(teacher === undefined ? {} : { teacher }),
  };
}

/** Settings of the method stand beside fields of the run: `{preset: debate, members: 5, iterations: 2}`. */
function spreadSettings(written: PlainObject): PlainObject {
  const isRunField = ([key]: [string, unknown]) => runFields.includes(key);
  const settings = Object.fromEntries(Object.entries(written).filter((field) => !isRunField(field)));
  const { method, ...run } = Object.fromEntries(Object.entries(written).filter(isRunField)) as PlainObject;
  const spelt = typeof method === 'string' ? { preset: method } : method;
  return { ...run, method: merge(spelt ?? {}, settings) };
}

/** The run specification of one method, as its author could have written it. */
export function specificationOf(common: PlainObject, { preset, own }: MethodEntry): PlainObject {
  const presetSettings = Object.hasOwn(presets, preset) ? presets[preset] : {};
  const under = without(normalise(common).specification, leafPaths(presetSettings));
  const wanted = merge(under, normalise(own).specification) as PlainObject;
  return without(
    wanted,
    contradictingPaths(wanted).filter((path) => !isOwn(own, path)),
  );
}

/** One sampling object for all roles says nothing about critics in particular. */
function isOwn(own: PlainObject, path: Path): boolean {
  return valueAt(own, path) !== undefined;
}
