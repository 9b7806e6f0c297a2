/**
 * The shorthands of a specification, spelt out: `method: NAME`, `stopWhen: SIGNAL`, `seed: run`, one `sampling` object for
 * all roles.
 */
import { runSpecificationSchema } from '../contract/specification';
import { runIdOf } from '../domain/digests';
import { seedOfRun } from '../domain/draws';
import { isPlainObject, type Path, type PlainObject } from './plain-objects';

const roles = ['generation', 'critic', 'summariser'] as const;

export interface Normalised {
  specification: PlainObject;
  /** Leads from a path of the normalised specification back to what the author wrote. */
  shownPath(path: Path): Path;
}

/** @param runId Whose seed `seed: run` is; default: the id that a run of this name has first. */
export function normalise(raw: PlainObject, runId?: string): Normalised {
  const hasMethodName = typeof raw.method === 'string';
  const isFlat = isPlainObject(raw.sampling) && !Object.keys(raw.sampling).some(isRole);
  const hasSignalName = typeof raw.stopWhen === 'string';
  const specification = {
    ...raw,
    ...(raw.seed === 'run' ? { seed: seedOfRun(runId ?? runIdOf(nameOf(raw))) } : {}),
    ...(hasMethodName ? { method: { preset: raw.method } } : {}),
    ...(hasSignalName ? { stopWhen: { signal: raw.stopWhen } } : {}),
    ...(isFlat ? { sampling: Object.fromEntries(roles.map((role) => [role, raw.sampling])) } : {}),
  };
  const shownPath = (path: Path): Path => {
    if (isFlat && path[0] === 'sampling' && isRole(String(path[1]))) return ['sampling', ...path.slice(2)];
    if (hasSignalName && path[0] === 'stopWhen') return ['stopWhen'];
    return hasMethodName && path[0] === 'method' && path[1] === 'preset' ? ['method'] : path;
  };
  return { specification, shownPath };
}

function nameOf({ name }: PlainObject): string {
  return typeof name === 'string' ? name : runSpecificationSchema.shape.name.parse(undefined);
}

function isRole(key: string): boolean {
  return (roles as readonly string[]).includes(key);
}
