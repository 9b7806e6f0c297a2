/** `maft serve SOCIETY` or `--line NAME`: one OpenAI-compatible model whose answers are a society's. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Option, type Command } from 'commander';
import { digestOf } from '../domain/digests';
import { InvalidRunSpec } from '../errors';
import { loadConfig, type MachineConfig } from '../machine/config';
import { openStore } from '../machine/open-store';
import { stderrListener } from '../machine/setup/progress';
import { askSociety, waysOfAsking, type SocietyAnswer, type WayOfAsking } from '../runs/ask-society';
import { interruptSignal } from '../runs/perform-run';
import { withModelServer } from '../runs/with-model-server';
import type { ChatQuestion } from '../serving/chat-request';
import { createDoor, type DoorOptions, type During } from '../serving/door';
import { finishedSociety, lineSociety, type ServedSociety, type SocietySource } from '../serving/served-society';
import { wireAnswering } from '../wiring';
import { askedSociety } from './asked-society';
import { wholeNumber } from './number-options';

interface ServeOptions {
  line?: string;
  mode: WayOfAsking;
  samples?: number;
  maxTokens?: number;
  maxRequests: number;
  host: string;
  port: number;
  allowHost: string[];
  apiKeyEnv?: string;
}

export function register(program: Command): void {
  program
    .command('serve')
    .description("serve a society as one model: an OpenAI-compatible endpoint whose answer is the society's")
    .argument('[society]', 'RUN or RUN@ITERATION (a number, last, or best by validation); or --line')
    .option('--line <name>', 'the current society of a line; promotions are followed without a restart')
    .addOption(
      new Option(
        '--mode <mode>',
        'debate: all rounds and the vote; vote: first answers and the vote; one: generation-1',
      )
        .choices(waysOfAsking)
        .default('debate'),
    )
    .option('--samples <n>', 'answers that a vote is over; default: one per member', wholeNumber)
    .option('--max-tokens <n>', "most tokens of each response; default: the society's own limit", wholeNumber)
    .option('--max-requests <n>', 'requests answered at the same time; more get status 429', wholeNumber, 64)
    .option('--host <address>', 'address to listen at; any but 127.0.0.1 needs --api-key-env', '127.0.0.1')
    .option('--port <n>', 'port to listen at; 0 takes a free one', wholeNumber, 8238)
    .option(
      '--allow-host <names...>',
      'names by which requests may call this server, beside localhost and addresses',
      [],
    )
    .option('--api-key-env <variable>', 'environment variable with the key that requests must carry')
    .addHelpText(
      'after',
      '\nExamples:\n  maft serve demo\n  maft serve --line friday --mode vote --samples 9\n' +
        '  SERVE_KEY=… maft serve demo --host 0.0.0.0 --api-key-env SERVE_KEY\n\n' +
        'Then, for instance:\n' +
        '  curl localhost:8238/v1/chat/completions -H "content-type: application/json" \\\n' +
        '    -d \'{"model": "demo@2", "messages": [{"role": "user", "content": "3+2*7+5-4*9"}]}\'\n\n' +
        'A request holds one message of the user. `"maft": {"mode": "one", "transcript": true}` in it chooses the mode and asks for\n' +
        'the whole debate, which the response holds in its field `maft`. Each question costs as many calls as the debate has turns.',
    )
    .action(serve);
}

async function serve(name: string | undefined, options: ServeOptions): Promise<void> {
  const apiKey = keyOf(options);
  const say = stderrListener();
  const source = await sourceOf(name, options, say);
  const { society, specification } = await source.current();
  const interrupted = interruptSignal();
  await withModelServer({ specification, society, listener: say, interrupted }, async (config) => {
    const members = new Answering(config, options);
    const door = createDoor(
      {
        ...{ name: source.name, mostRequests: options.maxRequests, apiKey, hosts: options.allowHost, say },
        answer: async (question, during) => members.answer(await source.current(), question, during),
      },
      interrupted,
    );
    try {
      door.listen(options.port, options.host);
      await once(door, 'listening', { signal: interrupted });
      const { port } = door.address() as AddressInfo;
      process.stdout.write(`Ready. ${source.name} is served at http://${options.host}:${port}/v1; Ctrl-C ends it\n`);
      if (!interrupted.aborted) await once(interrupted, 'abort');
    } finally {
      door.closeAllConnections();
      door.close();
      await members.close();
    }
  });
}

function keyOf({ apiKeyEnv, host }: ServeOptions): string | undefined {
  const key = apiKeyEnv === undefined ? undefined : process.env[apiKeyEnv];
  if (apiKeyEnv !== undefined && !key)
    throw new InvalidRunSpec([`--api-key-env: the variable ${apiKeyEnv} is not set`]);
  if (key === undefined && !['127.0.0.1', 'localhost', '::1'].includes(host)) {
    throw new InvalidRunSpec([
      `--host ${host}: others could use it: name a key with --api-key-env, or listen at 127.0.0.1`,
    ]);
  }
  return key;
}

/** How often a line is read again; a promotion takes hours. */
const lineEveryMs = 5_000;

function sourceOf(name: string | undefined, { line }: ServeOptions, say: DoorOptions['say']): Promise<SocietySource> {
  const store = openStore(loadConfig());
  if (name !== undefined && line === undefined) return finishedSociety(store, name);
  if (name === undefined && line !== undefined) return lineSociety(store, line, { everyMs: lineEveryMs, say });
  throw new InvalidRunSpec(['name a society, or a line with --line: one of the two']);
}

/** Tasks and graders of the societies that answer: one at a time, and for a line as many as were promoted meanwhile. */
class Answering {
  private readonly wired: ReturnType<typeof wireAnswering>;
  private readonly prepared = new Map<string, ReturnType<typeof askedSociety>>();

  constructor(
    config: MachineConfig,
    private readonly options: Pick<ServeOptions, 'mode' | 'samples' | 'maxTokens'>,
  ) {
    this.wired = wireAnswering(config, 'maft serve');
  }

  answer(served: ServedSociety, asked: ChatQuestion, { signal, onRound }: During): Promise<SocietyAnswer> {
    const prepared = this.preparedFor(served);
    const { mode, samples, maxTokens: most = Infinity } = this.options;
    const { maxTokens = Infinity } = asked;
    return askSociety(prepared, {
      question: prepared.task.typedQuestion?.(asked.question) ?? asked.question,
      way: asked.way ?? mode,
      seed: asked.seed ?? served.specification.seed,
      maxTokens: Math.min(most, maxTokens),
      ...(samples === undefined ? {} : { samples }),
      signal,
      onRound: ({ round }) => onRound(round),
    });
  }

  private preparedFor({ society, specification }: ServedSociety) {
    const key = digestOf([society.version, specification]);
    const known = this.prepared.get(key);
    if (known !== undefined) return known;
    const made = askedSociety(this.wired, { society, specification });
    this.prepared.set(key, made);
    return made;
  }

  async close(): Promise<void> {
    await Promise.all([...this.prepared.values()].map(({ grader }) => grader.close()));
    await this.wired.close();
  }
}
