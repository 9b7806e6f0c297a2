/** What a file system says, as an error of ours. */
import { ArtifactError } from '../errors';

export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

/** A full disk or a stale mount may be mended while the run waits, so these are retryable; a permission is not. */
export function storageError(key: string, attempted: string, cause: unknown): ArtifactError {
  if (hasCode(cause, 'ENOSPC') || hasCode(cause, 'EDQUOT')) {
    return new ArtifactError(
      `${attempted}: no space left on the store's disk; free some, the run goes on by itself`,
      key,
      {
        retryable: true,
        cause,
      },
    );
  }
  if (hasCode(cause, 'EROFS') || hasCode(cause, 'EACCES') || hasCode(cause, 'EPERM')) {
    return new ArtifactError(
      `${attempted}: the store's folder is not writable for this user; change MAFT_STORE or its permissions`,
      key,
      { cause },
    );
  }
  return new ArtifactError(`${attempted}: ${cause instanceof Error ? cause.message : String(cause)}`, key, {
    retryable: true,
    cause,
  });
}
