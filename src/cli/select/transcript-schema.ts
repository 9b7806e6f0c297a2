/** A transcript line from another source: fields are checked strictly, those that can be worked out anew may be missing. */
import { z } from 'zod';

const text = z.string();
const count = z.int().min(0);
const number = z.int().min(1);

/** Null if the endpoint did not say. */
const usage = z.strictObject({ promptTokens: count.nullable(), completionTokens: count.nullable() });
const messages = z.array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: text })).min(1);
const end = {
  finishReason: z.enum(['stop', 'length', 'filtered', 'other']),
  reportedReason: text.min(1).optional(),
};

const turn = z.strictObject({
  member: number,
  agent: z.string().regex(/^(generation|critic)-[1-9]\d*$/, 'must be generation-n or critic-n'),
  model: text.default(''),
  summary: z.strictObject({ messages, response: text, usage }).optional(),
  messages,
  response: text,
  /** Absent: parsed anew. `null`: known not to parse. */
  answer: text.nullable().optional(),
  /** Absent on any turn: the problem is voted on anew. */
  agrees: z.boolean().optional(),
  ...end,
  usage,
  hinted: z.strictObject({ messages, response: text, answer: text.nullable().optional(), ...end, usage }).optional(),
});

const consensus = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('agreed'),
    answer: text,
    votes: z.array(z.strictObject({ answer: text, members: z.array(number).min(1) })),
    tieBroken: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('failed'), reason: text }),
]);

export const transcriptLineSchema = z.strictObject({
  problemId: z.string().min(1),
  iteration: z.int().min(0).optional(),
  split: z.string().default('train'),
  question: text.default(''),
  rounds: z.array(z.strictObject({ round: number, turns: z.array(turn) })),
  /** Absent: the problem is voted on anew. */
  consensus: consensus.optional(),
});

export type TranscriptLine = z.infer<typeof transcriptLineSchema>;
