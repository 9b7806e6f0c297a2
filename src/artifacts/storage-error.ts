/** Turns a file system's error into an `ArtifactError`. */
import { ArtifactError } from '../errors';

export function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

/** A read-only mount, or a file of another owner. */
function isRefusal(error: unknown): boolean {
  return ['EROFS', 'EACCES', 'EPERM'].some((code) => hasCode(error, code));
}

/** link(2) between two of one's own files is only refused if the file system has no hard links. */
function lacksHardLinks(error: unknown): boolean {
  const isLink = typeof error === 'object' && error !== null && 'syscall' in error && error.syscall === 'link';
  return isLink && ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].some((code) => hasCode(error, code));
}

/** A full disk or a stale mount may be repaired while the run waits, so these are retryable; a permission is not. */
export function storageError(key: string, attempted: string, cause: unknown): ArtifactError {
  if (hasCode(cause, 'ENOSPC') || hasCode(cause, 'EDQUOT')) {
    return new ArtifactError(
      `${attempted}: no space left on the store's disk; free some space; the run goes on by itself`,
      key,
      {
        retryable: true,
        cause,
      },
    );
  }
  if (lacksHardLinks(cause)) {
    return new ArtifactError(
      `${attempted}: the store's file system has no hard links (exFAT and some network and FUSE file systems have none); ` +
        'set MAFT_STORE to a folder on another one',
      key,
      { isRefused: true, cause },
    );
  }
  if (isRefusal(cause)) {
    return new ArtifactError(
      `${attempted}: the store's folder is not writable for this user; change MAFT_STORE or its permissions`,
      key,
      { isRefused: true, cause },
    );
  }
  return new ArtifactError(`${attempted}: ${cause instanceof Error ? cause.message : String(cause)}`, key, {
    retryable: true,
    cause,
  });
}
