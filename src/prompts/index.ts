export { instructionOf } from './instructions';
export {
  firstRoundMessages,
  hintedMessages,
  laterRoundMessages,
  summaryMessages,
  type FirstRound,
  type LaterRound,
} from './messages';
export { instructionProblems, promptSet, promptSetNames, type PromptSet } from './prompt-sets';
