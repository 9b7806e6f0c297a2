/** Diversity and drift of a society (measures.md). Pure estimators; what they need from models comes as scores. */
export { assembleMeasures } from './assemble';
export { measureCatalogue, type MeasureDescription } from './catalogue';
export { pairDissimilarities } from './embedding';
export { wholeRoundsOf } from './whole-rounds';
export { drawMeasuredProblems, wantedFromAgents, wantedFromScorer, type WantedScores } from './wanted-scores';
