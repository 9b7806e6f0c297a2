/** What two servers answer for the same models, and whether it was computed with the same weights. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Names of the adapters that a run has trained, in the order of their iterations. */
export function adaptersOf(home, runId) {
  const models = join(home, 'models');
  const own = readdirSync(models).filter((name) => name.startsWith(`${runId}.i`));
  return own.filter((name) => existsSync(join(models, name, 'adapter_config.json'))).sort();
}

async function post(url, path, body) {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (answer.ok) return answer.json();
  throw new Error(`${url}${path} for ${body.model} answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
}

/** For each model its first answer to each question; all asked at once, so that batches mix models. */
export function greedyAnswers(url, models, questions) {
  const asked = models.flatMap((model) =>
    questions.map(async (content) => {
      const messages = [{ role: 'user', content }];
      const body = { model, messages, temperature: 0, top_p: 1, max_tokens: 80, seed: 1 };
      return (await post(url, '/v1/chat/completions', body)).choices[0].message.content;
    }),
  );
  return Promise.all(asked);
}

const read = '3+2*7+5-4*9=? 2*7=14 4*9=36 3+14=17 17+5=22 22-36=-14 #-14';

/** For each model the log-probability of every token of one text but the first; all asked at once. */
export function logProbabilities(url, models) {
  return Promise.all(
    models.map(async (model) => {
      const { tokens } = await post(url, '/tokenize', { model, prompt: read, add_special_tokens: false });
      const asked = { model, prompt: [tokens], max_tokens: 0, echo: true, prompt_logprobs: 0, temperature: 0 };
      const [choice] = (await post(url, '/v1/completions', asked)).choices;
      return tokens.slice(1).map((token, index) => choice.prompt_logprobs[index + 1][token].logprob);
    }),
  );
}

/** How many rows of `found` are nearest to their own row of `wanted`, and within the tolerance. */
export function bestMatches(found, wanted, tolerance) {
  const distance = (left, right) => Math.max(...left.map((value, index) => Math.abs(value - right[index])));
  const rows = found.map((row, index) => {
    const distances = wanted.map((each) => distance(row, each));
    return { own: distances[index], isNearest: distances[index] === Math.min(...distances) };
  });
  const own = rows.filter((row) => row.isNearest && row.own < tolerance).length;
  return { own, largest: Math.max(...rows.map((row) => row.own)) };
}
