/** Mutants of the method's rules; how it is run and what it reached: CONTRIBUTING.md. */
export default {
  mutate: ['src/domain/**/*.ts', 'src/prompts/**/*.ts'],
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner'],
  jest: { projectType: 'custom', configFile: 'test/mutants/jest.config.js', enableFindRelatedTests: true },
  coverageAnalysis: 'perTest',
  // Constants of a module are evaluated once, so that each of their mutants would need a process of its own.
  ignoreStatic: true,
  // A run of part of the files (`-- --mutate PATTERN`) keeps what is known of the others.
  incremental: true,
  incrementalFile: 'dist/mutants/incremental.json',
  tempDirName: 'dist/mutants/sandbox',
  ignorePatterns: [
    '/*',
    '!/src',
    '!/workflows',
    '!/activities',
    '!/test',
    '!/models',
    '!/examples',
    '!/jest.config.js',
  ],
  concurrency: 2,
  reporters: ['progress-append-only', 'clear-text', 'html', 'json'],
  clearTextReporter: { logTests: false, allowColor: false, reportScoreTable: true },
  htmlReporter: { fileName: 'dist/mutants/report.html' },
  jsonReporter: { fileName: 'dist/mutants/report.json' },
  thresholds: { break: null },
};
