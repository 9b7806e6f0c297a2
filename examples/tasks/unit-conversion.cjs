/**
 * A task of your own in one file: how many of a smaller unit are in a larger one. Copy it below MAFT_DATA, change what you
 * need, and name it in a specification: `task: {kind: module, path: unit-conversion.cjs, train: 60, eval: 40}`. Workers that
 * `maft run` did not speak to directly know it by a name: `taskModules` of their config.yaml, and `module:` instead of `path:`.
 * docs/tasks.md says what each part may be. Only `load` is required.
 */
'use strict';

const units = { hours: 60, metres: 100, kilograms: 1000, dozens: 12, weeks: 7 };
const smaller = { hours: 'minutes', metres: 'centimetres', kilograms: 'grams', dozens: 'pieces', weeks: 'days' };

module.exports = {
  /**
   * Once, when a run begins. Returns rows, or `{train, test}` where your data say which are which; may be async. Paths go
   * through `resolve`, which makes them absolute below MAFT_DATA; `options` is what the specification says.
   */
  load({ options }) {
    const most = options.most ?? 40;
    return Object.keys(units).flatMap((unit) =>
      Array.from({ length: most }, (_, index) => ({
        id: `${unit}-${index + 2}`,
        question: `How many ${smaller[unit]} are ${index + 2} ${unit}?`,
        answer: String((index + 2) * units[unit]),
        type: unit,
      })),
    );
  },

  /** The answer in a response, normalised; null where there is none. It also reads the references. */
  parse(response) {
    const numbers = response.replaceAll(',', '').match(/\d+/g);
    return numbers === null ? null : String(Number(numbers.at(-1)));
  },

  /** Whether two parsed answers are the same. Left out, identical text is; asked in both directions. */
  equal(a, b) {
    return a === b;
  },

  /** Texts that differ from the paper's. All names are in src/prompts/templates.ts. */
  prompts: {
    firstRound: '{question} Explain briefly, and end with the number.',
  },
};
