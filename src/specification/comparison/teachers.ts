/**
 * Distilling in a comparison: a method that names another one as its `teacher` learns from the society with which that one's
 * run ends, on the same problems with the same seed.
 */
import { isUntuned } from '../../domain/readings';
import { InvalidRunSpec } from '../../errors';
import { suggestion } from '../nearest';
import { merge, type PlainObject } from '../plain-objects';
import { shownValue } from '../problems';
import type { DerivedMethod } from './groups';
import type { MethodEntry } from './methods';

/** Throws `InvalidRunSpec` with every `teacher` that names no method of this comparison from which one can learn. */
export function refuseUnknownTeachers(entries: readonly MethodEntry[]): void {
  const names = entries.map(({ name }) => name);
  const problems = entries.flatMap(({ name, teacher }, index) => {
    if (teacher === undefined) return [];
    const where = `methods.${index}.teacher: ${shownValue(teacher)}`;
    if (!names.includes(teacher))
      return [`${where} is not one of the methods${suggestion(teacher, names)} (${names.join(', ')})`];
    if (teacher === name) return [`${where} is the method itself; name the one whose society it is to learn from`];
    return entries.some((entry) => entry.name === teacher && entry.teacher !== undefined)
      ? [`${where} has a teacher of its own; name the society that both learn from`]
      : [];
  });
  if (problems.length > 0) throw new InvalidRunSpec(problems);
}

/** Throws `InvalidRunSpec` where the teacher is not trained, or the method learns from its own debates instead. */
export function refuseUselessTeachers(entries: readonly MethodEntry[], derived: readonly DerivedMethod[]): void {
  const specificationOf = (name: string) => derived.find((method) => method.name === name)?.specification;
  const problems = entries.flatMap(({ name, teacher }, index) => {
    const [own, theirs] = [specificationOf(name), teacher === undefined ? undefined : specificationOf(teacher)];
    if (own === undefined || theirs === undefined) return [];
    const where = `methods.${index}.teacher: ${shownValue(teacher)} is impossible`;
    if (own.method.distil !== true)
      return [
        `${where}: "${name}" learns from its own debates; only a method that distils has a teacher (preset distilled)`,
      ];
    return isUntuned(theirs) ? [`${where}: it does not train (method.weights none)`] : [];
  });
  if (problems.length > 0) throw new InvalidRunSpec(problems);
}

/**
 * Settings that start from the society with which a run ends.
 * @param run Its id; of a teacher whose run has none yet, the method's name: it decides the comparison's digest.
 */
export function startingFrom(settings: PlainObject, run: string): PlainObject {
  return merge(settings, { model: { society: `${run}@last` } }) as PlainObject;
}
