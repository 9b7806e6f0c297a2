#!/usr/bin/env node
/**
 * Plays `vllm serve` as a real process: it checks arguments as vLLM does, resolves adapters of a folder by their names, and shows
 * vLLM's metrics. It answers every chat with the model's name.
 */
const { existsSync, readFileSync, statSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');

const [verb, model, ...rest] = process.argv.slice(2);
const valueOf = (name) => rest[rest.indexOf(name) + 1];
if (verb !== 'serve' || !existsSync(join(model, 'config.json'))) {
  process.stderr.write(`no model ${model} in ${process.cwd()}\n`);
  process.exit(2);
}
const adapters = process.env.VLLM_LORA_RESOLVER_CACHE_DIR;
if (!statSync(adapters).isDirectory()) process.exit(2);
const loaded = new Set();
let written = 0;
let asleep = false;

function refusalOf(name) {
  if (name === model || loaded.has(name)) return undefined;
  const file = join(adapters, name, 'adapter_config.json');
  const config = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  if (config.base_model_name_or_path !== model) return [404, `The model \`${name}\` does not exist.`];
  if (config.r > Number(valueOf('--max-lora-rank')))
    return [400, `LoRA adapter '${name}' was found but could not be loaded.`];
  loaded.add(name);
  return undefined;
}

const routes = {
  '/health': () => '',
  '/version': () => ({ version: '0.32.0' }),
  '/v1/models': () => ({
    data: [model, ...loaded].map((id) => ({ id, owned_by: 'vllm', root: id, max_model_len: 512 })),
  }),
  '/metrics': () =>
    `vllm:num_requests_running{engine="0"} 2.0\nvllm:num_requests_waiting{engine="0"} 1.0\n` +
    `vllm:generation_tokens_total{engine="0"} ${(written += 10)}\n` +
    `vllm:lora_requests_info{max_lora="${valueOf('--max-loras')}",running_lora_adapters=""} 1.0\n`,
  '/is_sleeping': () => ({ is_sleeping: asleep }),
  '/sleep': () => ((asleep = true), { status: 'sleeping' }),
  '/wake_up': () => ((asleep = false), { status: 'awake' }),
  '/tokenize': () => ({ tokens: [1], max_model_len: 512 }),
  '/v1/chat/completions': (body) => ({
    model: body.model,
    choices: [{ index: 0, message: { role: 'assistant', content: body.model }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1 },
  }),
};

if (process.env.VLLM_SERVER_DEV_MODE !== '1')
  for (const route of ['/is_sleeping', '/sleep', '/wake_up']) delete routes[route];

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
  const refusal = body.model === undefined ? undefined : refusalOf(body.model);
  const answer = routes[request.url.split('?')[0]]?.(body);
  const [status, content] = refusal ?? [answer === undefined ? 404 : 200, answer ?? 'not found'];
  const said = refusal === undefined ? content : { error: { message: content, code: status } };
  response.writeHead(status, { 'content-type': typeof said === 'string' ? 'text/plain' : 'application/json' });
  response.end(typeof said === 'string' ? said : JSON.stringify(said));
}).listen(Number(valueOf('--port')), valueOf('--host'));
