/** Makes text from models, files and users harmless to look at: nothing invisible, nothing that moves a cursor. */

const replacementCharacter = '\ufffd';

// C0 without tab and newline, DEL, C1, and characters that reorder or hide the text around them.
const hiddenCharacters =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const loneSurrogates = /\p{Surrogate}/gu;

/**
 * Text with every control character made visible (an escape character becomes `\u{1b}`), so that ANSI
 * sequences, NULs and bidirectional overrides show as what they are. Newlines and tabs stay; CRLF becomes LF.
 */
export function visibleText(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(loneSurrogates, replacementCharacter)
    .replace(hiddenCharacters, escapeSequence);
}

/** As `visibleText`, on one line: for table cells, labels and terminals. No-break spaces stay. */
export function visibleLine(text: string): string {
  return visibleText(text)
    .replace(/[ \t\n]+/g, ' ')
    .trim();
}

/** JSON of a value for a terminal: the same value when it is parsed, with nothing in it that moves a cursor. */
export function visibleJson(value: unknown, indent?: number): string {
  const unit = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, undefined, indent).replace(hiddenCharacters, unit);
}

/** At most `limit` characters of a text, and a sentence on how many were left out. Never cuts a character in two. */
export function shortened(text: string, limit: number): { text: string; omitted: number } {
  const characters = Array.from(text);
  if (characters.length <= limit) return { text, omitted: 0 };
  return { text: characters.slice(0, limit).join(''), omitted: characters.length - limit };
}

/** A text on one line of at most `limit` characters; `…` stands for what was left out. */
export function clippedLine(text: string, limit: number): string {
  const { text: kept, omitted } = shortened(visibleLine(text), limit);
  return omitted === 0 ? kept : `${kept}…`;
}

/** An escape rather than a picture such as U+241B: many fonts have none of those. */
function escapeSequence(character: string): string {
  return `\\u{${character.charCodeAt(0).toString(16)}}`;
}
