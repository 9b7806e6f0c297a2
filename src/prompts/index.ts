export { firstRoundMessages, laterRoundMessages, summaryMessages, type LaterRound } from './messages';
export { promptSet, promptSetNames, type PromptSet } from './prompt-sets';
