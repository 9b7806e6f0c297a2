/** Any test file that starts no server shared by all: one mutant is judged by one test. */
const { transform, setupFiles, testTimeout } = require('../../jest.config.js');

module.exports = {
  rootDir: '../..',
  roots: ['<rootDir>/test'],
  testEnvironment: 'node',
  transform,
  setupFiles,
  testTimeout,
};
