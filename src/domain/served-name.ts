/**
 * The model name a server accepts for a base model's path: no empty, `.` or `..` parts, and only characters that names may
 * have. `models/tiny-arithmetic` stays what it is.
 */
export function servedName(base: string): string {
  const parts = base.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  return parts.map((part) => part.replace(/[^A-Za-z0-9._-]/g, '-')).join('/') || 'base';
}
