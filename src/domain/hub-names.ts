/**
 * Base models of the Hugging Face Hub, as `model.base` names them: `owner/name`, or `owner/name@revision`. A run pins the
 * commit that it found behind the name: `owner/name@<commit>` in `run.json`, so everything later means the same weights.
 */
import type { RunSpecification } from '../contract/specification';
import { baseModels, servedName, withoutCommit, type BaseOfAgent } from './society';

/**
 * The Hub has no owners of the three names: those are its own routes, and `models/` are models shipped with this program. Its
 * client refuses `--`, `..`, `.git` at the end, names over 96 characters, and parts that end in `-` or `.`.
 */
const hubName =
  /^(?!(?:models|datasets|spaces)\/)(?![^@]*(?:--|\.\.|\.git(?:@|$)))[A-Za-z0-9](?:[\w.-]*\w)?\/[A-Za-z0-9](?:[\w.-]{0,94}\w)?(@[^@\s]+){0,2}$/;
const commit = /@[0-9a-f]{40}$/;

export function isHubName(base: string): boolean {
  return hubName.test(base);
}

/** Whether a name of the Hub says which commit. */
export function isPinned(base: string): boolean {
  return isHubName(base) && commit.test(base);
}

/** What to ask the Hub for; without a revision, its newest commit. */
export function hubRevision(base: string): { repository: string; revision?: string } {
  const [repository = base, ...revisions] = base.split('@');
  const revision = revisions.at(-1);
  return { repository, ...(revision === undefined ? {} : { revision }) };
}

/** @param sha The commit behind the base's name, 40 hex digits. */
export function pinnedTo(base: string, sha: string): string {
  return commit.test(base) ? base : `${base}@${sha}`;
}

/** The commit of `base` that a server offers, whose name for it is `servedName` of the pinned base. */
export function servedCommit(base: string, served: readonly string[]): string | undefined {
  const prefix = `${servedName(base)}-`;
  const rest = served.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return rest.find((each) => /^[0-9a-f]{40}$/.test(each));
}

type NamesBases = Pick<RunSpecification, 'model' | 'evaluation'>;

/** The specification with every base replaced that `pin` knows, the scorer's included. */
export function pinBases<Specification extends NamesBases>(
  specification: Specification,
  pin: (base: BaseOfAgent) => string | undefined,
): Specification {
  const { model, evaluation } = specification;
  const replaced = <Named extends { base: string; endpoint?: string | undefined }>(named: Named): Named => ({
    ...named,
    base: pin({ base: named.base, endpoint: named.endpoint ?? model.endpoint }) ?? named.base,
  });
  const { members } = model;
  const { scorer } = evaluation;
  return {
    ...specification,
    model: { ...replaced(model), ...(members === undefined ? {} : { members: members.map(replaced) }) },
    evaluation: { ...evaluation, ...(scorer === undefined ? {} : { scorer: replaced(scorer) }) },
  };
}

/** The specification with the commits that another one, of a run before it, found behind the same names. */
export function pinnedLike<Specification extends NamesBases>(
  specification: Specification,
  earlier: Pick<RunSpecification, 'model'>,
): Specification {
  const pinned = baseModels(earlier).filter(({ base }) => isPinned(base));
  return pinBases(
    specification,
    ({ base, endpoint }) =>
      pinned.find((each) => each.endpoint === endpoint && withoutCommit(each.base) === base)?.base,
  );
}
