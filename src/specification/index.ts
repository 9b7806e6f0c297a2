/** From what a user wrote to a resolved specification. */
export { loadComparisonFile, loadRunFile, loadSpecificationFile } from './load-file';
export { resolveSpecification, type ResolvedSpecification } from './resolve';
export { specificationArgument } from './argument';
