/** Puts a ledger before the paid methods of the ports. Free ones (lists of models, tokenizing, checks) bypass it. */
import { iterationKeys } from '../domain/keys';
import type { Inference, Ledger, PaidAction, PaidTokens, Scoring, Trainer } from '../ports';

/** What all actions of one wrapped port have in common. */
export type Payer = Pick<PaidAction, 'by' | 'account'>;

/** Admits everything: there are no limits yet. */
export const openLedger: Ledger = { admit: async () => undefined, enter: async () => undefined };

const unknown: PaidTokens = { promptTokens: null, completionTokens: null };

export function paidInference(ledger: Ledger, payer: Payer, inference: Inference): Inference {
  return {
    models: (signal) => inference.models(signal),
    complete: ({ model, messages, sampling, ...rest }, signal) => {
      const promptTokens = bytesOf(messages.map(({ content }) => content));
      const atMost = { promptTokens, completionTokens: sampling.maxTokens };
      return pay(ledger, { action: { ...payer, kind: 'completion', model, atMost }, signal }, async () => {
        const result = await inference.complete({ model, messages, sampling, ...rest }, signal);
        return { result, tokens: result.usage };
      });
    },
  };
}

export function paidScoring(ledger: Ledger, payer: Payer, scoring: Scoring): Scoring {
  return {
    tokenize: (text, signal) => scoring.tokenize(text, signal),
    logProbabilities: (request, signal) => {
      const tokens = { promptTokens: request.texts.reduce((sum, text) => sum + text.length, 0), completionTokens: 0 };
      const action: PaidAction = { ...payer, kind: 'score', model: request.model, atMost: tokens };
      return pay(ledger, { action, signal }, async () => ({
        result: await scoring.logProbabilities(request, signal),
        tokens,
      }));
    },
    embed: (request, signal) => {
      const atMost = { promptTokens: bytesOf(request.texts), completionTokens: 0 };
      const action: PaidAction = { ...payer, kind: 'embedding', model: request.model, atMost };
      return pay(ledger, { action, signal }, async () => ({
        result: await scoring.embed(request, signal),
        tokens: unknown,
      }));
    },
  };
}

/** A training that resumes after an interruption is admitted again. */
export function paidTrainer(ledger: Ledger, by: string, trainer: Trainer): Trainer {
  return {
    pin: (base) => trainer.pin(base),
    check: (check, signal) => trainer.check(check, signal),
    placeProbe: (base, rank) => trainer.placeProbe(base, rank),
    has: (model) => trainer.has(model),
    release: (jobId) => trainer.release(jobId),
    train: (request, options) => {
      const { start, agent } = request;
      const account = iterationKeys.weights(request, agent);
      const action: PaidAction = { by, account, kind: 'training', model: start, atMost: unknown };
      return pay(ledger, { action, signal: options.signal }, async () => {
        const result = await trainer.train(request, options);
        return { result, tokens: { promptTokens: null, completionTokens: result.finished.tokens } };
      });
    },
  };
}

async function pay<Result>(
  ledger: Ledger,
  { action, signal }: { action: PaidAction; signal: AbortSignal },
  perform: () => Promise<{ result: Result; tokens: PaidTokens }>,
): Promise<Result> {
  await ledger.admit(action, signal);
  const startedAt = performance.now();
  const enter = (outcome: 'done' | 'failed', { promptTokens, completionTokens }: PaidTokens) =>
    ledger.enter(action, { promptTokens, completionTokens, outcome, seconds: (performance.now() - startedAt) / 1000 });
  const { result, tokens } = await perform().catch(async (error: unknown) => {
    await enter('failed', unknown);
    throw error;
  });
  await enter('done', tokens);
  return result;
}

function bytesOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}
