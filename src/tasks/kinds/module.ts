/** A user's own program that loads problems and reads answers (docs/tasks.md): only its settings are here. */
import { z } from 'zod';
import { problemCounts } from './definition';

export const userModule = {
  source: 'program',
  kind: 'module',
  about: 'your own program that loads problems and reads answers: docs/tasks.md',
  settings: z.strictObject({
    kind: z.literal('module'),
    module: z.string().min(1).optional().describe("a name among `taskModules` of the worker's config.yaml"),
    path: z
      .string()
      .min(1)
      .optional()
      .describe('instead of `module`: a CommonJS file, for workers on the machine of `maft run`'),
    options: z.record(z.string(), z.unknown()).default({}).describe("handed to the module's load()"),
    ...problemCounts,
  }),
} as const;
