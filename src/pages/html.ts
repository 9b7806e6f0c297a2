/**
 * A tagged template that escapes its values. Only an `Html` value, which only this file makes, goes in unescaped; a
 * string never does, wherever it came from. Attribute values must be written between double quotes.
 */
import { visibleLine, visibleText } from '../visible-text';

class SafeHtml {
  constructor(readonly markup: string) {}

  toString(): string {
    return this.markup;
  }
}

/** Markup known to be safe; made by `html` and `trustedMarkup` only. */
export type Html = SafeHtml;

export function isHtml(value: unknown): value is Html {
  return value instanceof SafeHtml;
}

export type HtmlValue = Html | string | number | null | undefined | false | HtmlValue[];

export function html(literals: TemplateStringsArray, ...values: HtmlValue[]): Html {
  const parts = literals.map((literal, index) => literal + (index < values.length ? markupOf(values[index]) : ''));
  return new SafeHtml(parts.join(''));
}

/** A sentence on one line, as terminals show it too; text between backticks becomes code. */
export function sentence(text: string): Html {
  const parts = visibleLine(text).split('`');
  // A backtick without a partner is a character of the text.
  const isPaired = parts.length % 2 === 1;
  const pieces = isPaired
    ? parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
    : [visibleLine(text)];
  return html`${pieces}`;
}

/** Our own markup that is not written as a template: the style sheet, a rendered chart. Never model text. */
export function trustedMarkup(markup: string): Html {
  return new SafeHtml(markup);
}

/** Escaped for element content and for quoted attribute values, control characters made visible. */
export function escapeHtml(text: string): string {
  return visibleText(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}

function markupOf(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof SafeHtml) return value.markup;
  if (Array.isArray(value)) return value.map(markupOf).join('');
  return escapeHtml(String(value));
}
