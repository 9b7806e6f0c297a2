/** The placeholders of each template, checked in texts that a specification brings. */
import type { PromptTemplateName } from '../contract/method';

interface Placeholders {
  /** Must occur. */
  required: readonly string[];
  /** May occur. */
  optional?: readonly string[];
  /** One of these at least must occur. */
  oneOf?: readonly string[];
}

export const templatePlaceholders: Record<PromptTemplateName, Placeholders> = {
  system: { required: [] },
  summarySystem: { required: [] },
  firstRound: { required: ['question'] },
  summary: { required: ['responses'] },
  summaryWithQuestion: { required: ['responses', 'question'] },
  listedResponse: { required: ['response'] },
  listSeparator: { required: [] },
  laterRound: { required: ['summary'], optional: ['question'] },
  laterRoundWithResponses: { required: ['responses'], optional: ['question'] },
  quotedResponse: { required: ['response'] },
  quoteSeparator: { required: [] },
  laterRoundAlone: { required: [], optional: ['question'] },
  hinted: { required: ['reference'], oneOf: ['firstRound', 'question'] },
};

/** Of a text that precedes an agent's first prompt. */
export const instructionPlaceholders: Placeholders = { required: [], optional: ['member'] };

const everyPlaceholder = new Set([...Object.values(templatePlaceholders), instructionPlaceholders].flatMap(namesOf));

/** Problems of a text, one clause each; empty if it can be used. */
export function placeholderProblems(text: string, placeholders: Placeholders): string[] {
  const found = placeholdersIn(text);
  const allowed = namesOf(placeholders);
  const { required, oneOf = [] } = placeholders;
  const unknown = found.filter((name) => !allowed.includes(name));
  const missing = required.filter((name) => !found.includes(name));
  const allowedNames = allowed.length === 0 ? 'none is filled in here' : `filled in are ${shown(allowed)}`;
  return [
    ...unknown.map((name) => `holds the unknown placeholder {${name}}; ${allowedNames}`),
    ...missing.map((name) => `lacks the placeholder {${name}}`),
    ...(oneOf.length === 0 || oneOf.some((name) => found.includes(name)) ? [] : [`lacks one of ${shown(oneOf)}`]),
  ];
}

/**
 * Fills placeholders in one pass: braces inside a value (a response that holds `{question}`) stay text, and so do
 * braces that are not a placeholder of this text.
 */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{([A-Za-z]+)\}/g, (placeholder, name: string) =>
    Object.hasOwn(values, name) ? values[name]! : placeholder,
  );
}

function namesOf({ required, optional = [], oneOf = [] }: Placeholders): string[] {
  return [...required, ...optional, ...oneOf];
}

/** Words in braces, but for the arguments of a LaTeX command (`\boxed{answer}`) that name no placeholder. */
function placeholdersIn(text: string): string[] {
  const names = [...text.matchAll(/(?<before>^|[\s\S])\{(?<name>[A-Za-z]+)(?=\})/g)]
    .filter(({ groups }) => everyPlaceholder.has(groups!.name!) || !/[A-Za-z}]/.test(groups!.before!))
    .map(({ groups }) => groups!.name!);
  return [...new Set(names)];
}

function shown(names: readonly string[]): string {
  return names.map((name) => `{${name}}`).join(', ');
}
