/** The tests of rules alone: no server, no process, no file beyond fixtures, so that thousands of mutants are affordable. */
const { transform, setupFiles, testTimeout } = require('../../jest.config.js');

module.exports = {
  rootDir: '../..',
  testEnvironment: 'node',
  testMatch: [
    '<rootDir>/test/domain/**/*.test.ts',
    '<rootDir>/test/prompts/**/*.test.ts',
    '<rootDir>/test/comparison/claims.test.ts',
  ],
  // Shows that reading is linear in time, and takes as long as all others together.
  testPathIgnorePatterns: ['/node_modules/', 'answers/work.test.ts'],
  transform,
  setupFiles,
  testTimeout,
};
