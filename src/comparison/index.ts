/** Comparisons of methods: the results of the runs (`gather`), as data (`build`), and two ways to show it. */
export { buildComparison, outcomeRow, type ComparisonReport } from './build';
export { gatherComparison } from './gather';
export { renderComparisonPage, renderComparisonTable, writeComparisonViews } from './render';
