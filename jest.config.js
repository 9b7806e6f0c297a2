/** Tests compile with swc (no type check here: `npm run check` does that) and share one Temporal dev server. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  setupFiles: ['<rootDir>/test/support/undrawn-charts.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // A machine may be busy; only a test that hangs takes this long.
  testTimeout: 300_000,
  // Much of the time goes into waiting for real servers and processes: three files at once, also on two cores.
  maxWorkers: 3,
  testSequencer: '<rootDir>/test/support/longest-first.js',
};
