/**
 * Arithmetic with levels and subjects, for the tiny model that comes with this program: a stand-in for MATH and MMLU in the
 * tiny twins of their examples. The levels are sizes of operands, the subjects whether a result is negative.
 */
'use strict';
const { createHash } = require('node:crypto');

/** Operands of level 1 to 5 are below this. */
const limits = [3, 5, 7, 9, 10];

module.exports = {
  /** `options.levels`: which of 1 to 5; `options.perLevel`: how many problems of each. */
  load({ options }) {
    const { levels = [1, 2, 3, 4, 5], perLevel = 160 } = options;
    return levels.flatMap((level) => problemsOf(level, perLevel));
  },

  answerType: 'integer',

  /** The tiny model knows no words. */
  prompts: {
    firstRound: '{question}=?',
    summary: 'List:\n{responses}',
    summaryWithQuestion: '{question}=?\nList:\n{responses}',
    listedResponse: '{response}',
    listSeparator: '\n',
    laterRound: 'Others: {summary}. {question}=?',
    laterRoundWithResponses: 'Others: {responses}. {question}=?',
    quotedResponse: '{response}',
    quoteSeparator: '\n',
    laterRoundAlone: '{question}=?',
  },
};

/** Different problems whose largest operand belongs to this level, always the same ones. */
function problemsOf(level, wanted) {
  const least = limits[level - 2] ?? 0;
  const found = new Map();
  for (let index = 0; found.size < wanted && index < 1_000_000; index += 1) {
    const draw = createHash('sha256').update(`${level}/${index}`).digest();
    const operands = [0, 1, 2, 3, 4, 5].map((position) => draw.readUInt32BE(4 * position) % limits[level - 1]);
    const [a, b, c, d, e, f] = operands;
    const question = `${a}+${b}*${c}+${d}-${e}*${f}`;
    if (found.has(question) || Math.max(...operands) < least || !isHeldOut(question)) continue;
    const result = a + b * c + d - e * f;
    const type = result < 0 ? 'negative results' : 'positive results';
    found.set(question, { id: `level-${level}-${found.size}`, question, answer: String(result), type, level });
  }
  return [...found.values()];
}

/** The tenth of all problems that the tiny model was not pretrained on (python/maft/tiny/problems.py). */
function isHeldOut(question) {
  return Number.parseInt(createHash('sha256').update(`${question}=?`).digest('hex').slice(0, 8), 16) % 10 === 0;
}
