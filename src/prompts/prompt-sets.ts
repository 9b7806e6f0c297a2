/** Prompt sets by name, narrowed to one task; a specification may replace single texts of one. */
import { type InstructionSettings, type PromptSettings, promptTemplateNames } from '../contract/method';
import { InvalidRunSpec } from '../errors';
import type { Instructions } from './instructions';
import { instructionPlaceholders, placeholderProblems, templatePlaceholders } from './placeholders';
import { promptSets, type PromptTemplates } from './templates';

/** The templates of one set for one task. */
export interface PromptSet extends PromptTemplates {
  name: string;
  task: string;
  /** Round 1 of a re-ask with the reference answer as a hint: `{firstRound}` or `{question}`, and `{reference}`. */
  hinted: string;
  /** System prompt of the agents, and of the summariser; none if absent. */
  system?: string | undefined;
  summarySystem?: string | undefined;
  instructions: Instructions;
}

export function promptSetNames(): string[] {
  return promptSets.map(({ name }) => name);
}

/** What members write to each other with these prompts. */
export function messageForm(settings: PromptSettings): 'prose' | 'json' {
  const base = typeof settings === 'string' ? settings : settings.base;
  return promptSets.find(({ name }) => name === base)?.form ?? 'prose';
}

/**
 * Throws `InvalidRunSpec`, one line per problem, for an unknown set, one that has no prompts for the task, and replaced
 * texts whose placeholders are unknown or missing.
 */
export function promptSet(settings: PromptSettings, task: string): PromptSet {
  if (typeof settings === 'string') return namedSet(settings, task, 'method.prompts');
  const { base, ...replaced } = settings;
  const set = namedSet(base, task, 'method.prompts.base');
  const problems = templateProblems(replaced).map((problem) => `method.prompts.${problem}`);
  if (problems.length > 0) throw new InvalidRunSpec(problems);
  return { ...set, ...replaced };
}

/** The prompts of a task: those of the set that the method names, overridden by the method's own, then the author's. */
export function promptsFor(
  settings: PromptSettings,
  { prompts, promptTask }: { prompts?: Partial<PromptTemplates>; promptTask: string },
): PromptSet {
  const { base: _, ...replaced } = typeof settings === 'string' ? { base: settings } : settings;
  return { ...promptSet(settings, promptTask), ...prompts, ...replaced };
}

/** What is wrong with replaced templates: unknown names, and placeholders that are unknown or missing. */
export function templateProblems(replaced: Partial<Record<string, string>>): string[] {
  return Object.entries(replaced).flatMap(([name, text]) => {
    if (text === undefined) return [];
    const known = promptTemplateNames.find((template) => template === name);
    if (known === undefined) return [`${name}: unknown; the prompts are ${promptTemplateNames.join(', ')}`];
    return placeholderProblems(text, templatePlaceholders[known]).map((problem) => `${name}: ${problem}`);
  });
}

/** What is wrong with instructions of the user's own. Named ones are data of this program. */
export function instructionProblems(settings: InstructionSettings): string[] {
  if (typeof settings === 'string') return [];
  return Object.entries(settings).flatMap(([role, texts]) =>
    [texts ?? []]
      .flat()
      .flatMap((text) => placeholderProblems(text, instructionPlaceholders))
      .map((problem) => `method.instructions.${role}: ${problem}`),
  );
}

function namedSet(name: string, task: string, field: string): PromptSet {
  const set = promptSets.find((candidate) => candidate.name === name);
  const problem = (allowed: string) => new InvalidRunSpec([`${field}: ${JSON.stringify(name)} ${allowed}`]);
  if (set === undefined) throw problem(`is not a prompt set; the known ones are ${promptSetNames().join(', ')}`);
  const templates = set.tasks[task];
  if (templates === undefined) {
    throw problem(`has no prompts for the task ${task}; it has them for ${Object.keys(set.tasks).join(', ')}`);
  }
  const { hinted, instructions } = set;
  return { name, task, hinted, instructions, ...templates };
}
