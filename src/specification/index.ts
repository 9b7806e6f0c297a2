/** From what a user wrote to a resolved specification. */
export { loadComparisonFile, loadRunFile, loadSpecificationFile } from './load-file';
export { resolveSpecification, specificationArgument, type ResolvedSpecification } from './resolve';
