/** What `evaluateSociety` may be started with: a finished society, and what it is measured on. */
import { z } from 'zod';
import { evaluationSchema, modelSchema } from './specification';
import { taskSchema } from '../tasks/kinds/all';

export const evaluationRequestSchema = z.strictObject({
  society: modelSchema.shape.society.unwrap().describe('RUN[@ITERATION]; `last` (default), `best` or a number'),
  task: taskSchema.optional().describe("default: what the society's run was evaluated on; its `train` is not used"),
  seed: z.int().min(0).optional().describe("draws the problems and the samples; default: the run's seed"),
  name: z.string().min(1).max(100).optional(),
  evaluation: evaluationSchema.partial().optional().describe("in place of the run's own settings, one by one"),
});

export type EvaluationRequest = z.input<typeof evaluationRequestSchema>;
