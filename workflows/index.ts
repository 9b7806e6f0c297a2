/** What the workflow bundle exports: workflow types, nothing else. */
export { compareMethods } from './compare-methods';
export { debateShard } from './debate-shard';
export { evaluateSociety } from './evaluate-society';
export { finetuneSociety } from './finetune-society';
export { multiagentFinetuning } from './multiagent-finetuning';
