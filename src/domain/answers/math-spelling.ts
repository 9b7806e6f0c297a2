/**
 * Recognises expressions that differ only in spelling (after Hendrycks et al.'s normalisation for MATH). Settles most
 * pairs at once; only the others need a computer algebra system.
 */

/** Spellings without meaning and their replacements, in order. */
const replacements: readonly (readonly [RegExp, string])[] = [
  [/[−–]/g, '-'],
  [/\\(?:left|right|displaystyle|,|!|;|:|quad|qquad|big|Big|bigg|Bigg)(?![A-Za-z])|\\ |~/g, ''],
  [/\\(?:text|textbf|textit|textrm|mbox|mathrm|mathbf|mathit|bold|boldsymbol)\s*\{([^{}]*)\}/g, '$1'],
  [/\\[dtc]frac(?![A-Za-z])/g, '\\frac'],
  [/\\frac\s*(\d)\s*(\d)/g, '\\frac{$1}{$2}'],
  [/\\frac\s*(\d)\s*\{/g, '\\frac{$1}{'],
  [/\\sqrt\s*(\d)/g, '\\sqrt{$1}'],
  [/\^\s{0,9}\{?\s{0,9}\\circ\s{0,9}\}?|\\degree(?![A-Za-z])|°/g, ''],
  [/\\?[$%]/g, ''],
  [/\{,\}/g, ','],
  [/\\leq?(?![A-Za-z])|≤/g, '\\leq '],
  [/\\geq?(?![A-Za-z])|≥/g, '\\geq '],
  [/\\neq?(?![A-Za-z])|≠/g, '\\neq '],
  [/π/g, '\\pi '],
  [/∞/g, '\\infty '],
  [/\s+/g, ''],
  [/\.$/g, ''],
];

const wholeNumber = /^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)$/;
const decimalNumber = /^[+-]?(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d*)?$/;

/**
 * Compares two expressions by spelling: `true` if only the spelling differs, `false` for two different whole numbers,
 * `undefined` if only computing can tell.
 */
export function sameMath(a: string, b: string): boolean | undefined {
  const [spelledA, spelledB] = [mathSpelling(a), mathSpelling(b)];
  if (spelledA === spelledB) return true;
  return wholeNumber.test(spelledA) && wholeNumber.test(spelledB) ? false : undefined;
}

/** A canonical spelling: expressions that share it are equal, but equal ones need not share it. */
function mathSpelling(expression: string): string {
  const content = /^\s*\\boxed\s*\{([\s\S]*)\}\s*$/.exec(expression)?.[1] ?? expression;
  const plain = replacements.reduce((text, [pattern, replacement]) => text.replaceAll(pattern, replacement), content);
  if (decimalNumber.test(plain) && /\d/.test(plain)) {
    // Adjacent numbers are not one long number.
    return /\d,?\s+,?\d/.test(content) ? content.trim().replaceAll(/\s+/g, ' ') : plainNumber(plain);
  }
  // The letter of a multiple-choice answer.
  return plain.replace(/^\(([A-Z])\)$/, '$1');
}

/** `+1,234.50` as `1234.5`. */
function plainNumber(text: string): string {
  const [integer = '', decimals = ''] = text.replaceAll(/[+,]/g, '').split('.');
  const magnitude = integer.replace(/^-/, '').replace(/^0+(?=\d)/, '') || '0';
  const rest = decimals.replace(/0+$/, '');
  const number = rest === '' ? magnitude : `${magnitude}.${rest}`;
  return integer.startsWith('-') && number !== '0' ? `-${number}` : number;
}
