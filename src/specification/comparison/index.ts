/** Comparisons of methods as data: what was written becomes ordinary run specifications. */
export { resolveComparison, type ResolvedComparison } from './resolve';
