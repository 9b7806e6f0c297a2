/** Errors for missing and damaged files of the store, which say how to get them back. */
import { ArtifactError } from '../errors';
import { cureOf } from '../domain/remakes';

export function missingArtifact(key: string): ArtifactError {
  return new ArtifactError(`is missing from the store. ${cureOf(key, 'missing')}`, key, { isMissing: true });
}

/** @param how What is wrong with it, such as `its SHA-256 is …`. */
export function corruptArtifact(key: string, how: string, cause?: unknown): ArtifactError {
  return new ArtifactError(`is corrupt: ${how}; it is not used. ${cureOf(key, 'corrupt')}`, key, { cause });
}
