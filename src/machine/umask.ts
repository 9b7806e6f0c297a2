/**
 * Who may read the files this program writes. Runs hold prompts and answers, logs hold paths: on a shared machine only the
 * user can read them, unless MAFT_UMASK says otherwise. Installed files are not secret and keep the user's own mask.
 */
import { ConfigError } from '../errors';

const ownerOnly = 0o077;

let usersMask: number | undefined;

/**
 * Sets the mask of this process, which every child inherits. Throws `ConfigError` unless MAFT_UMASK is octal and leaves
 * the owner everything.
 */
export function restrictUmask(environment: Record<string, string | undefined> = process.env): void {
  const before = process.umask(umaskOf(environment));
  usersMask ??= before;
}

function umaskOf(environment: Record<string, string | undefined>): number {
  const text = environment.MAFT_UMASK;
  if (!text) return ownerOnly;
  if (/^0?0[0-7]{2}$/.test(text)) return Number.parseInt(text, 8);
  throw new ConfigError(
    `MAFT_UMASK is "${text}": it must be three octal digits that begin with 0, such as 077 (owner only), 007 (and the group), 027 (the group may read)`,
  );
}

/** Runs an installation (`.venv`, the Temporal CLI) under the user's own mask: other users may share it. */
export async function withUsersUmask<Result>(install: () => Promise<Result>): Promise<Result> {
  if (usersMask === undefined) return install();
  const restricted = process.umask(usersMask);
  try {
    return await install();
  } finally {
    process.umask(restricted);
  }
}
