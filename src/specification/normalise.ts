/** The shorthands of a specification, spelt out: `method: NAME`, `stopWhen: SIGNAL`, one `sampling` object for all roles. */
import { isPlainObject, type Path, type PlainObject } from './plain-objects';

const roles = ['generation', 'critic', 'summariser'] as const;

export interface Normalised {
  specification: PlainObject;
  /** Leads from a path of the normalised specification back to what the author wrote. */
  shownPath(path: Path): Path;
}

export function normalise(raw: PlainObject): Normalised {
  const hasMethodName = typeof raw.method === 'string';
  const isFlat = isPlainObject(raw.sampling) && !Object.keys(raw.sampling).some(isRole);
  const hasSignalName = typeof raw.stopWhen === 'string';
  const specification = {
    ...raw,
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

function isRole(key: string): boolean {
  return (roles as readonly string[]).includes(key);
}
