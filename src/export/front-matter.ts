/** The YAML at the head of a model card, as the Hugging Face Hub reads it: ours, and the terms in that of a base. */
import { parse, stringify } from 'yaml';
import { roleOf } from '../domain/role-settings';
import type { ExportedAgent, Terms, WeightsForm } from './facts';

/** Marks the folders that this program wrote. */
export const cardTag = 'multiagent-finetuning';

const libraries: Record<WeightsForm, string> = { adapter: 'peft', whole: 'transformers', gguf: 'gguf' };

/**
 * With its fences. `base_model` is there only for a base of the Hub: the Hub would take a folder's name for the model of
 * somebody else.
 */
export function frontMatter({ name, base }: ExportedAgent, form: WeightsForm): string {
  const relation = form === 'adapter' ? 'adapter' : 'finetune';
  const fields = {
    ...(base.isOfHub ? { base_model: base.name, base_model_relation: relation } : {}),
    library_name: libraries[form],
    ...base.terms,
    pipeline_tag: 'text-generation',
    tags: [cardTag, 'multi-agent-debate', roleOf(name), ...(form === 'adapter' ? ['lora'] : [])],
  };
  return `---\n${stringify(fields)}---\n`;
}

/** The terms that a base's own card names; undefined if it names none, or its front matter cannot be read. */
export function termsIn(card: string): Terms | undefined {
  const fields = frontMatterOf(card);
  const { license, license_name: name, license_link: link } = fields;
  if (typeof license !== 'string') return undefined;
  return {
    license,
    ...(typeof name === 'string' ? { license_name: name } : {}),
    ...(typeof link === 'string' ? { license_link: link } : {}),
  };
}

/** Whether a card was written by this program. */
export function isOwnCard(card: string): boolean {
  const { tags } = frontMatterOf(card);
  return Array.isArray(tags) && tags.includes(cardTag);
}

function frontMatterOf(card: string): Record<string, unknown> {
  const [, text] = /^---\r?\n([\s\S]*?)\r?\n---(\r?\n|$)/.exec(card) ?? [];
  try {
    const fields: unknown = parse(text ?? '');
    return typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : {};
  } catch {
    // A card that a person wrote wrongly names no terms.
    return {};
  }
}
