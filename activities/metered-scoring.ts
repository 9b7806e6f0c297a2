/** What the requests of one batch of scores took, whether or not the batch is finished. */
import type { ScoreCost } from '../src/contract/measures';
import type { Usage } from '../src/contract/transcript';
import { ProviderError } from '../src/errors';
import type { Scoring } from '../src/ports';

export class ScoringMeter {
  private readonly byModel = new Map<string, ScoreCost>();
  private isUncertain = false;

  /** Passes all on, and counts what is answered. */
  metered(endpoint: string, scoring: Scoring): Scoring {
    const counted = async <Answer>(
      model: string,
      tokens: number | null,
      ask: () => Promise<Answer>,
    ): Promise<Answer> => {
      const answer = await ask().catch((error: unknown) => {
        // Who broke off, or answered nonsense, may have read it all.
        this.isUncertain ||= !(error instanceof ProviderError) || error.charged !== undefined;
        throw error;
      });
      this.add({ endpoint, model, tokens });
      return answer;
    };
    return {
      tokenize: (text, signal) => scoring.tokenize(text, signal),
      logProbabilities: (request, signal) => {
        const tokens = request.texts.reduce((sum, { length }) => sum + length, 0);
        return counted(request.model, tokens, () => scoring.logProbabilities(request, signal));
      },
      embed: (request, signal) => counted(request.model, null, () => scoring.embed(request, signal)),
    };
  }

  get costs(): ScoreCost[] {
    return [...this.byModel.values()];
  }

  /** What was charged for if nothing of it is kept; undefined if nothing was. */
  get unused(): Usage | undefined {
    if (this.costs.length === 0 && !this.isUncertain) return undefined;
    const isKnown = !this.isUncertain && this.costs.every(({ tokens }) => tokens !== null);
    const promptTokens = isKnown ? this.costs.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0) : null;
    return { promptTokens, completionTokens: 0 };
  }

  private add({ endpoint, model, tokens }: Omit<ScoreCost, 'requests'>): void {
    const key = JSON.stringify([endpoint, model]);
    const before = this.byModel.get(key) ?? { endpoint, model, requests: 0, tokens: 0 };
    const sum = before.tokens === null || tokens === null ? null : before.tokens + tokens;
    this.byModel.set(key, { ...before, requests: before.requests + 1, tokens: sum });
  }
}
