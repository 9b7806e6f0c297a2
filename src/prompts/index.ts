/** Every prompt text, and messages made of them. */
export { instructionOf } from './instructions';
export { firstRoundMessages, hintedMessages, laterRoundMessages, summaryMessages } from './messages';
export {
  instructionProblems,
  messageForm,
  promptSet,
  promptsFor,
  promptSetNames,
  templateProblems,
  type PromptSet,
} from './prompt-sets';
export { askedAlone, othersResponses, summaryRequest, turnMessages, type DebateFrame } from './turn-messages';
export type { PromptTemplates } from './templates';
