/**
 * Sums of two numbers, for a language model that can add small ones. `options.max`: both are below it. `options.asked`: which
 * half of the problems is evaluated on: `evaluation` (the default), or `training`, to choose a `max` before anything is evaluated.
 */
'use strict';
const { createHash } = require('node:crypto');

module.exports = {
  load({ options: { max, asked = 'evaluation' } }) {
    const order = ({ question }) => createHash('sha256').update(question).digest('hex');
    const problems = allSums(max).sort((left, right) => (order(left) < order(right) ? -1 : 1));
    const half = Math.floor(problems.length / 2);
    const parts = { evaluation: problems.slice(0, half), training: problems.slice(half) };
    const other = { evaluation: 'training', training: 'evaluation' };
    return { test: parts[asked], train: parts[other[asked]] };
  },

  answerType: 'integer',

  prompts: {
    firstRound: 'What is the result of {question}? Make sure to state your answer at the end of the response.',
    summary:
      'Here is a list of opinions from different agents:\n\n{responses}\n\n' +
      'Write a summary of the different opinions from each of the individual agents.',
    listedResponse: 'One agent response: {response}',
    listSeparator: '\n\n',
    laterRound:
      'Here is a summary of solutions from several other agents:\n\n{summary}\n\n' +
      'Examine each of these solutions as additional advice. What is the result of {question}? ' +
      'Make sure to state your answer at the end of the response.',
  },
};

function allSums(max) {
  return Array.from({ length: max * max }, (_, index) => {
    const [a, b] = [index % max, Math.floor(index / max)];
    return { id: `sum-${a}-${b}`, question: `${a}+${b}`, answer: String(a + b) };
  });
}
