/**
 * Responses become log-probabilities: tokenized by the template of the model that scores them, sent in groups. Equal
 * requests are made once: prompts that members share, texts that one model would score twice or that begin longer ones.
 */
import type { ResponseScore } from '../src/contract/measures';
import type { ChatMessage, Turn } from '../src/contract/transcript';
import {
  endOfTurnToken,
  inGroups,
  scoredText,
  sumOfResponse,
  textsToRead,
  type ScoredText,
} from '../src/domain/measures/scored-text';
import type { WantedScores } from '../src/domain/measures';
import type { Scoring, TextToTokenize, TokenizedText } from '../src/ports';
import { allSettledOrFailed, inLanes } from '../src/settled';

export interface ScoringRun {
  /** Scoring at the endpoint that serves a model. */
  scoringOf(model: string): Scoring;
  /** The model whose tokenizer and template a scorer has: its base. All weights of one base share them. */
  tokenizerOf(scorer: string): string;
  signal: AbortSignal;
}

export interface ScoredResponses {
  scores: ResponseScore[];
  /** Scores left out because prompt and response exceed the scorer's context. */
  tooLong: number;
  /** Texts and tokens that models read. */
  texts: number;
  tokens: number;
}

/** One request holds at most this much, so that a server answers within seconds and other callers get their turn. */
const perRequest = { items: 64, weight: 16_384 };
const tokenizeAtOnce = 16;

/** A response, and where its turn is found. */
export type WantedResponse = WantedScores & { turn: Turn };

export async function scoreResponses(wanted: readonly WantedResponse[], run: ScoringRun): Promise<ScoredResponses> {
  const tokenizer = new ChatTokenizer(run);
  const scorers = [...new Set(wanted.flatMap(({ scorers: names }) => names))];
  const parts = await allSettledOrFailed(
    scorers.map((scorer) => {
      const asked = wanted.filter(({ scorers: names }) => names.includes(scorer));
      return scoreUnder(scorer, asked, { run, tokenizer });
    }),
  );
  return {
    scores: parts.flatMap(({ scores }) => scores),
    tooLong: parts.reduce((sum, { tooLong }) => sum + tooLong, 0),
    texts: parts.reduce((sum, { texts }) => sum + texts, 0),
    tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

async function scoreUnder(
  scorer: string,
  wanted: readonly WantedResponse[],
  { run, tokenizer }: { run: ScoringRun; tokenizer: ChatTokenizer },
): Promise<ScoredResponses> {
  const texts = await inLanes(wanted, tokenizeAtOnce, (response) =>
    tokenizer.textOf(response.turn, run.tokenizerOf(scorer)),
  );
  const fitting = wanted.flatMap((response, index) => {
    const text = texts[index];
    return text === undefined ? [] : [{ response, text }];
  });
  const { read, containing } = textsToRead(fitting.map(({ text }) => text));
  const logProbabilities = new Map<ScoredText, (number | null)[]>();
  for (const group of inGroups(read, ({ tokens }) => tokens.length, perRequest)) {
    const request = { model: scorer, texts: group.map(({ tokens }) => tokens) };
    const answers = await run.scoringOf(scorer).logProbabilities(request, run.signal);
    group.forEach((text, index) => logProbabilities.set(text, answers[index] ?? []));
  }
  const scores = fitting.map(({ response: { problemId, round, member }, text }, index): ResponseScore => {
    const sum = sumOfResponse(text, logProbabilities.get(containing[index]!)!);
    return { problemId, round, member, scorer, ...sum };
  });
  return {
    scores,
    tooLong: wanted.length - fitting.length,
    texts: read.length,
    tokens: read.reduce((sum, { tokens }) => sum + tokens.length, 0),
  };
}

/** Tokenizes by one template per base, and remembers: the members of a round are often sent the same messages. */
class ChatTokenizer {
  private readonly known = new Map<string, Promise<TokenizedText>>();

  constructor(private readonly run: ScoringRun) {}

  /** `undefined` if prompt and response do not fit into the model's context with a token to spare. */
  async textOf({ messages, response, finishReason }: Turn, model: string): Promise<ScoredText | undefined> {
    const [prompt, said] = await Promise.all([this.promptOf(messages, model), this.responseOf(response, model)]);
    const endOfTurn = finishReason === 'stop' ? await this.endOfTurnOf(model) : undefined;
    const text = scoredText({ prompt: prompt.tokens, response: said.tokens, endOfTurn });
    // Servers that write as they score want room for a token.
    return prompt.limit !== undefined && text.tokens.length >= prompt.limit ? undefined : text;
  }

  private promptOf(messages: ChatMessage[], model: string): Promise<TokenizedText> {
    return this.tokenize({ model, messages, openTurn: true });
  }

  private responseOf(text: string, model: string): Promise<TokenizedText> {
    return text === '' ? Promise.resolve({ tokens: [], limit: undefined }) : this.tokenize({ model, text });
  }

  /** Read off a closed chat of two short turns. */
  private async endOfTurnOf(model: string): Promise<number | undefined> {
    const question: ChatMessage = { role: 'user', content: '1' };
    const [prompt, response, closed] = await Promise.all([
      this.promptOf([question], model),
      this.responseOf('2', model),
      this.tokenize({ model, messages: [question, { role: 'assistant', content: '2' }], openTurn: false }),
    ]);
    return endOfTurnToken({ prompt: prompt.tokens, response: response.tokens, closed: closed.tokens });
  }

  private tokenize(text: TextToTokenize): Promise<TokenizedText> {
    const key = JSON.stringify(text);
    const known = this.known.get(key) ?? this.run.scoringOf(text.model).tokenize(text, this.run.signal);
    this.known.set(key, known);
    return known;
  }
}
