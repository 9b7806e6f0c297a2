/** The longest test files first, so that two workers end together. Jest's own order knows times only from its cache. */
const { default: Sequencer } = require('@jest/test-sequencer');

const longest = ['e2e/', 'setup/python-environment', 'workflows/', 'providers/job-runner'];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const found = longest.findIndex((part) => path.includes(`/test/${part}`));
      return found < 0 ? longest.length : found;
    };
    return super.sort(tests).sort((left, right) => place(left) - place(right));
  }
};
