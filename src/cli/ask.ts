/** `maft ask SOCIETY QUESTION`: a finished or untuned society answers one question; the debate is shown turn by turn. */
import { Option, type Command } from 'commander';
import { loadConfig } from '../machine/config';
import type { DebateRound, Turn } from '../contract/transcript';
import { winningGroup } from '../domain/voting';
import { InvalidRunSpec } from '../errors';
import { count } from '../pages/numbers';
import { wrapped } from '../pages/terminal';
import { askSociety, waysOfAsking, type SocietyAnswer, type WayOfAsking } from '../runs/ask-society';
import { findSociety } from '../stored-runs/find-society';
import { interruptSignal } from '../runs/perform-run';
import { withModelServer } from '../runs/with-model-server';
import { stderrListener } from '../machine/setup/progress';
import { shortened, visibleJson, visibleLine, visibleText } from '../visible-text';
import { openStore } from '../machine/open-store';
import { wireAnswering } from '../wiring';
import { askedSociety } from './asked-society';
import { wholeNumber } from './number-options';

interface AskOptions {
  way: WayOfAsking;
  seed?: number;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command('ask')
    .description('ask a society one question, and see it debate')
    .argument(
      '<society>',
      'RUN or RUN@ITERATION (a number, last, or best by validation), as `maft societies` lists them',
    )
    .argument('<question>', "a question of the run's evaluation task, as its problems are written")
    .addOption(
      new Option('--way <way>', 'one: generation-1 alone; vote: the first round and a vote; debate: all rounds')
        .choices(waysOfAsking)
        .default('debate'),
    )
    .option('--seed <n>', "seed of all draws; default: the run's. The same seed gives the same answer", wholeNumber)
    .option('--json', 'print the whole debate as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  maft ask demo "3+2*7+5-4*9=?"\n  maft ask demo@0 "3+2*7+5-4*9=?"               the same society, untuned\n' +
        '  maft ask demo "3+2*7+5-4*9=?" --way one --json\n\n' +
        'Uses the model server of a running `maft up`, else one of its own. Nothing is stored; no Temporal server is needed.',
    )
    .action(ask);
}

async function ask(name: string, text: string, { way, seed, json = false }: AskOptions): Promise<void> {
  const typed = text.trim();
  if (typed === '') throw new InvalidRunSpec(['question: is empty; write it as the problems of the task are written']);
  const { society, record } = await findSociety(openStore(loadConfig()), name, 'society');
  const { specification } = record;
  const interrupted = interruptSignal();
  const listener = stderrListener();
  await withModelServer({ specification, society, listener, interrupted }, async (config) => {
    const wired = wireAnswering(config, 'maft ask');
    const asked = askedSociety(wired, { society, specification });
    try {
      const question = asked.task.typedQuestion?.(typed) ?? typed;
      const say = (lines: string[]) => process.stdout.write(`${lines.join('\n')}\n`);
      if (!json) say([`question  ${visibleLine(question)}`]);
      const answer = await askSociety(asked, {
        ...{ question, way, seed: seed ?? specification.seed, signal: interrupted },
        ...(json ? {} : { onRound: (round) => say(roundLines(round)) }),
      });
      say(json ? [visibleJson(answer)] : ['', ...answerLines(answer)]);
    } finally {
      await asked.grader.close();
      await wired.close();
    }
  });
}

/** Room for the name of an agent. */
const indent = 14;
const width = 100;
/** Keeps a runaway response from pushing the others off the screen; `--json` prints all of it. */
const mostCharacters = 2_000;

/** Exported for tests. */
export function roundLines({ round, turns }: DebateRound): string[] {
  return ['', `round ${round}`, ...turns.flatMap(turnLines)];
}

function turnLines({ agent, summary, response, answer }: Turn): string[] {
  return [
    ...(summary === undefined ? [] : saidLines(`${agent} reads`, summary.response)),
    ...saidLines(`${agent} says`, response),
    `${' '.repeat(indent + 10)}= ${answer === null ? 'no answer can be read' : visibleLine(answer)}`,
  ];
}

function saidLines(who: string, said: string): string[] {
  const { text, omitted } = shortened(visibleText(said).trim(), mostCharacters);
  const left = indent + 10;
  const more = omitted > 0 ? [`… ${count(omitted)} more characters (--json shows them)`] : [];
  const lines = [...text.split('\n'), ...more].flatMap((line) => wrapped(line, width - left));
  return lines.map((line, index) => `  ${(index === 0 ? who : '').padEnd(left - 2)}${line}`);
}

/** Exported for tests. */
export function answerLines({ answer, consensus, rounds, way, counts }: SocietyAnswer): string[] {
  const cost = `${count(counts.calls)} calls, ${count(counts.promptTokens + counts.completionTokens)} tokens`;
  if (answer === null || consensus.kind === 'none')
    return ['answer    none: no answer could be read', `          ${cost}`];
  const winners = winningGroup(consensus)?.members.length ?? 0;
  const members = rounds.at(-1)?.turns.length ?? 0;
  const tie = consensus.tieBroken ? ', a tie broken by the seeded draw' : '';
  const vote = way === 'one' ? 'generation-1 alone' : `${winners} of ${members}${tie}`;
  return [`answer    ${visibleLine(answer)} (${vote})`, `          ${cost}`];
}
