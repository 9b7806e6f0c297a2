/** `maft societies [RUN]`: lists societies, how well each answers, and where the weights of its agents lie. */
import type { Command } from 'commander';
import { loadConfig } from '../machine/config';
import type { AnswerMode, Evaluation } from '../contract/evaluation';
import type { Society } from '../contract/society';
import { runIdOf } from '../domain/digests';
import { iterationsTo } from '../domain/identifiers';
import { modelKey } from '../domain/keys';
import { InvalidRunSpec } from '../errors';
import type { ArtifactStore } from '../ports';
import { percent } from '../pages/numbers';
import { courseOf } from '../stored-runs/standing';
import { storedRunIds, StoredRun } from '../stored-runs/stored-run';
import { suggestion } from '../specification/nearest';
import { visibleJson, visibleText } from '../visible-text';
import { openStore } from '../machine/open-store';

/** One society, as `--json` prints it. Accuracies are 0..1, on the evaluation problems. */
interface SocietySummary {
  society: string;
  runId: string;
  iteration: number;
  problems: number;
  accuracy: { society: number; oneCall: number | null };
  agents: {
    agent: string;
    model: string;
    /** 0 for the untuned base model. */
    trainedIn: number;
    /** Accuracy of its first answers; null for critics, which never answer alone. */
    accuracyAlone: number | null;
    /** Where its weights lie; null for the base model. */
    folder: string | null;
  }[];
}

export function register(program: Command): void {
  program
    .command('societies')
    .description('list evaluated societies, their accuracy, and the weights of their agents')
    .argument('[run]', 'a run: shows its societies agent by agent; default: every society of the store, a line each')
    .option('--json', 'one JSON object per line and society')
    .addHelpText('after', '\nExamples:\n  maft societies\n  maft societies demo\n  maft ask demo@1 "3+2*7+5-4*9=?"')
    .action(list);
}

async function list(run: string | undefined, { json }: { json?: boolean }): Promise<void> {
  const store = openStore(loadConfig());
  const known = await storedRunIds(store);
  const wanted = run === undefined ? known : [runIdOf(run)];
  if (run !== undefined && !known.includes(runIdOf(run)))
    throw new InvalidRunSpec([
      `run: ${JSON.stringify(run)} names no run of ${store.addressOf()}${suggestion(run, known)}`,
    ]);
  for (const runId of wanted) {
    for (const society of await societiesOf(store, runId)) {
      const lines = run === undefined ? [lineOf(society)] : [lineOf(society), ...agentLines(society)];
      process.stdout.write(`${json ? visibleJson(society) : visibleText(lines.join('\n'))}\n`);
    }
  }
  if (known.length === 0) process.stderr.write(`no runs in ${store.addressOf()}\n`);
}

async function societiesOf(store: ArtifactStore, runId: string): Promise<SocietySummary[]> {
  const run = await StoredRun.find(store, runId);
  if (run === undefined) return [];
  const { evaluated } = await courseOf(run);
  const read = iterationsTo(evaluated).map(async (iteration) => {
    const society = await run.society(iteration);
    const evaluation = await run.evaluation(iteration);
    return society && evaluation && summarise(society, evaluation, (model) => store.addressOf(modelKey(model)));
  });
  return (await Promise.all(read)).filter((each) => each !== undefined);
}

function summarise({ agents }: Society, evaluation: Evaluation, folderOf: (model: string) => string): SocietySummary {
  const { runId, iteration, problems, modes, members } = evaluation;
  const accuracyOf = (wanted: AnswerMode) => modes.find(({ mode }) => mode === wanted)?.accuracy;
  const alone = new Map(members.map(({ member, first }) => [`generation-${member}`, first]));
  return {
    ...{ society: `${runId}@${iteration}`, runId, iteration, problems },
    accuracy: { society: accuracyOf('society') ?? 0, oneCall: accuracyOf('sample') ?? null },
    agents: Object.entries(agents).map(([agent, { model, trainedIn }]) => ({
      ...{ agent, model, trainedIn },
      accuracyAlone: alone.get(agent) ?? null,
      folder: trainedIn === 0 ? null : folderOf(model),
    })),
  };
}

function lineOf({ society, accuracy, problems }: SocietySummary): string {
  const oneCall = accuracy.oneCall === null ? '' : `, one call ${percent(accuracy.oneCall)}`;
  return `${society}: ${percent(accuracy.society)}${oneCall} of ${problems} evaluation problems`;
}

function agentLines({ society, agents }: SocietySummary): string[] {
  const lines = agents.map(({ agent, accuracyAlone, folder }) => {
    const alone = accuracyAlone === null ? '' : `${percent(accuracyAlone)} alone`;
    return `  ${agent.padEnd(13)} ${alone.padEnd(14)} ${folder ?? 'the untuned base model'}`;
  });
  return [...lines, ...aloneLine(society, agents)];
}

/** Three accuracies on the same problems, and the highest of them, labelled as such. */
function aloneLine(society: string, agents: SocietySummary['agents']): string[] {
  const tuned = agents.filter(({ accuracyAlone, folder }) => accuracyAlone !== null && folder !== null);
  const [best] = [...tuned].sort((left, right) => (right.accuracyAlone ?? 0) - (left.accuracyAlone ?? 0));
  if (best === undefined) return [];
  return [
    `  to take one alone: ${best.agent} is highest on the evaluation problems (with hindsight); ` +
      `serve its folder, or ask generation-1 with \`maft ask ${society} QUESTION --way one\``,
  ];
}
