/**
 * Diversity and drift (measures.md): responses are scored by models, then every measure of an iteration is
 * computed and stored. Runs after the evaluation; nothing here is read by selection.
 */
import { Context } from '@temporalio/activity';
import type { ProbedShard } from '../src/contract/critic-reading';
import type { Charged, MeasuresInput, RunPlan, ScoredShard, ScoreShardInput, ShardOutcome } from '../src/contract/run';
import { publishSealed, readSealed, requireSealed } from '../src/artifacts/sealed';
import type { Evaluation } from '../src/contract/evaluation';
import type { Measures, ResponseScoring, ScoreBatch } from '../src/contract/measures';
import type { Transcript } from '../src/contract/transcript';
import { addCounts, noCounts, unknownUsage } from '../src/domain/counts';
import { debateRules, type DebateSize } from '../src/domain/debate-rules';
import { iterationKeys } from '../src/domain/keys';
import { assembleMeasures, drawMeasuredProblems } from '../src/domain/measures';
import { inGroups } from '../src/domain/measures/scored-text';
import { drawnPerProblem } from '../src/domain/plan';
import { readTranscripts, StoredRun } from '../src/stored-runs/stored-run';
import { readScores } from '../src/stored-runs/ledger';
import { chargesOf } from './charges';
import type { CallMemory } from './completions';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeats } from './heartbeats';
import { judgedScoring } from './judged-scoring';
import { forgetKeptCall, notedBatch, noteUnused } from './lost-calls';
import { ScoringMeter } from './metered-scoring';
import { shardProbing } from './probing';
import type { References } from './references';
import { runOf, type LoadedRuns } from './loaded-runs';
import { embeddingModelOf, fixedScorerOf, scoreBatch, untunedModels, type UntunedModels } from './scoring';

/** Problems per stored batch: the most that a killed worker loses per shard. */
export const problemsPerBatch = 10;

export function createMeasuresActivities(
  dependencies: ActivityDependencies,
  loadedRuns: LoadedRuns,
  references: References,
  memory: CallMemory,
) {
  const { store } = dependencies;
  const charges = chargesOf(store, loadedRuns);
  const { probeShard, callsSoFar } = shardProbing(dependencies, loadedRuns, { references, memory });

  /** One kind of scoring of the measured problems of one shard. */
  function scoreShard({ kind, ...shard }: ScoreShardInput): Promise<ScoredShard> {
    return kind === 'critics' ? askCritics({ ...shard, kind }) : scoreBatches({ ...shard, kind });
  }

  /** In batches; each is stored before the next one is begun. */
  async function scoreBatches(input: ScoreShardInput & { kind: ResponseScoring }): Promise<ScoredShard> {
    let done = 0;
    return withHeartbeats(
      async () => {
        const { kind } = input;
        const { record } = await loadedRuns.run(input.plan);
        const size = debateRules(record.specification, input.split);
        const models = await modelsOf(input);
        const transcripts = await readTranscripts(store, [input]);
        const sum = { texts: 0, tokens: 0 };
        const all = batchesOf(await measuredAmong(transcripts, input));
        for (const [batch, problems] of all.slice(0, input.through).entries()) {
          const key = iterationKeys.scores(placeOf(input), { kind: input.kind, batch });
          const signal = Context.current().cancellationSignal;
          const score = (meter: ScoringMeter) => {
            const scoring = (endpoint: string) =>
              judgedScoring(memory.failures, endpoint, meter.metered(endpoint, dependencies.scoring(endpoint, key)));
            return scoreBatch(problems, { kind, size, record, models, scoring, signal });
          };
          const scoreNow = () => publishMetered(key, { score, allowed: input.allowed });
          const { texts, tokens } = (await readSealed<ScoreBatch>(store, key)) ?? (await scoreNow());
          sum.texts += texts;
          sum.tokens += tokens;
          done += problems.length;
        }
        return { ...sum, ...unfinished(all, input), ...(await chargedForScores(input)) };
      },
      () => ({ problems: done }),
    );
  }

  async function chargedForScores(input: ScoreShardInput): Promise<Charged> {
    if (input.plan.limits === undefined) return {};
    const { iteration, kind, shard } = input;
    const entries = await readScores(await storedRun(input.plan), iteration, { kind, shard });
    return charges.of(runOf(input.plan), entries);
  }

  /** Scores of one batch, noted before they are asked for: a killed worker could not say what it had asked. */
  async function publishMetered(
    key: string,
    { score, allowed }: { score: (meter: ScoringMeter) => Promise<ScoreBatch>; allowed: number | undefined },
  ): Promise<ScoreBatch> {
    const meter = new ScoringMeter();
    const { answer, isOnlyCall } = await notedBatch(store, key, () => score(meter), {
      unused: () => meter.unused,
      allowed,
    });
    const batch = { ...answer, costs: meter.costs };
    const { content, created } = await publishSealed<ScoreBatch>(store, key, batch);
    if (!created) await noteUnused(store, key, meter.unused ?? unknownUsage);
    else if (isOnlyCall) await forgetKeptCall(store, key);
    return content;
  }

  /** Not where no votes were taken: critics are shown their samples. */
  async function askCritics(input: ScoreShardInput): Promise<ScoredShard> {
    let done = 0;
    return withHeartbeats(
      async () => {
        const place = placeOf(input);
        const { votes } = await requireSealed<ShardOutcome>(store, iterationKeys.shardOutcome(place));
        if (votes === undefined) return { texts: 0, tokens: 0 };
        const key = iterationKeys.probed(place);
        const askNow = async () => {
          const measured = await measuredAmong(await readTranscripts(store, [input]), input);
          const probed = await probeShard(input, measured.slice(0, input.through), () => (done += 1));
          const left = unfinished(measured, input);
          if (left.unfinished) return { ...probed, ...left };
          return (await publishSealed<ProbedShard>(store, key, probed)).content;
        };
        const { cost, ...rest } = (await readSealed<ProbedShard>(store, key)) ?? (await askNow());
        const { calls, promptTokens, completionTokens } = cost.counts;
        const charged = cost.costs === undefined ? {} : await charges.of(runOf(input.plan), cost.costs);
        const left = 'unfinished' in rest ? { unfinished: true as const } : {};
        return { texts: calls, tokens: promptTokens + completionTokens, ...left, ...charged };
      },
      () => ({ problems: done }),
    );
  }

  /** Writes `measures.json` once; an existing file is left as it is. */
  async function recordMeasures(input: MeasuresInput): Promise<{ recorded: boolean }> {
    return withHeartbeats(async () => {
      const key = iterationKeys.measures({ runId: input.plan.runId, iteration: input.iteration });
      if ((await readSealed<Measures>(store, key)) !== undefined) return { recorded: false };
      const { created } = await publishSealed<Measures>(store, key, await computeMeasures(input));
      return { recorded: created };
    });
  }

  async function computeMeasures(input: MeasuresInput): Promise<Measures> {
    const { plan, iteration, split, unscored, seconds } = input;
    const { record } = await loadedRuns.run(plan);
    const { specification } = record;
    const rules = debateRules(specification, split);
    const run = await storedRun(plan);
    const debated = await Promise.all(
      input.shards.map(async (shard) => ({ shard: shard.shard, transcripts: await run.transcripts([shard]) })),
    );
    const transcripts = debated.flatMap((shard) => shard.transcripts);
    return assembleMeasures({
      ...{ runId: plan.runId, iteration, split, method: plan.method, seed: specification.seed },
      ...{ ...sizeOf(rules), transcripts },
      ...(await evaluations(input)),
      ...(await training(input)),
      ...(await knowledge(input)),
      asked: specification.evaluation.measures,
      measuredProblems: await measuredProblems(input),
      embeddingModel: embeddingModelOf(record).model,
      fixedScorer: fixedScorerOf(record)?.model ?? null,
      baseOf: (await modelsOf(input)).baseOf,
      batches: await storedBatches(input, debated),
      probed: await storedProbes(input, debated),
      drawnPerProblem: drawnPerProblem(rules, plan),
      unscored,
      seconds,
      evaluationCounts: addCounts(noCounts, ...input.shards.map(({ counts }) => counts)),
    });
  }

  async function modelsOf({ plan, iteration }: Measured): Promise<UntunedModels> {
    const { record } = await loadedRuns.run(plan);
    const [first, scored] = [await loadedRuns.society(plan, 0), await loadedRuns.society(plan, iteration)];
    return untunedModels(record, { first, scored });
  }

  async function evaluations({ plan, iteration }: MeasuresInput) {
    const run = await storedRun(plan);
    const key = iterationKeys.evaluation({ runId: plan.runId, iteration });
    return {
      evaluation: await requireSealed<Evaluation>(store, key),
      previous: iteration === 0 ? undefined : await run.evaluation(iteration - 1),
      untuned: iteration === 0 ? undefined : await run.evaluation(0),
    };
  }

  async function training({ plan, iteration }: MeasuresInput) {
    const run = await storedRun(plan);
    const debated = await run.shards(iteration, 'train');
    return {
      weights: await run.weights(iteration),
      audit: await run.audit(iteration),
      debateCounts: debated.length === 0 ? undefined : addCounts(noCounts, ...debated.map(({ counts }) => counts)),
    };
  }

  /** Types of the problems, and which answers are right by the evaluation's verdicts. */
  async function knowledge({ plan, iteration, split }: MeasuresInput) {
    const place = { ...runOf(plan), iteration, split };
    // The evaluation has stored the verdicts: none is asked for again.
    const { isCorrect } = await references.judge(place, new Map(), iterationKeys.referenceVerdicts(place));
    const problems = new Map((await loadedRuns.problems(place)).map((problem) => [problem.id, problem]));
    return {
      hasReferences: (await references.count(place)) > 0,
      isCorrect,
      typeOf: (problemId: string) => problems.get(problemId)?.type,
      levelOf: (problemId: string) => problems.get(problemId)?.level,
    };
  }

  async function storedBatches(
    input: MeasuresInput,
    debated: DebatedShard[],
  ): Promise<Record<ResponseScoring, ScoreBatch[]>> {
    const of = async (kind: ResponseScoring): Promise<ScoreBatch[]> => {
      if (input.plan.scoring?.includes(kind) !== true || input.unscored[kind] !== undefined) return [];
      return (await Promise.all(debated.map((shard) => batchesOfShard(input, shard, kind)))).flat();
    };
    return { embedding: await of('embedding'), agents: await of('agents'), scorer: await of('scorer') };
  }

  async function batchesOfShard(
    input: MeasuresInput,
    { shard, transcripts }: DebatedShard,
    kind: ResponseScoring,
  ): Promise<ScoreBatch[]> {
    const batches = batchesOf(await measuredAmong(transcripts, input));
    const place = placeOf({ ...input, shard });
    const stored = batches.map((_, batch) =>
      requireSealed<ScoreBatch>(store, iterationKeys.scores(place, { kind, batch })),
    );
    return Promise.all(stored);
  }

  /** Of shards on which votes were taken; one that could not be finished has cost something all the same. */
  async function storedProbes(input: MeasuresInput, debated: DebatedShard[]): Promise<ProbedShard[]> {
    if (input.plan.scoring?.includes('critics') !== true) return [];
    const voted = new Set(input.shards.flatMap(({ shard, votes }) => (votes === undefined ? [] : [shard])));
    const probed = debated
      .filter(({ shard }) => voted.has(shard))
      .map(async ({ shard, transcripts }) => {
        const place = placeOf({ ...input, shard });
        if (input.unscored.critics === undefined) return requireSealed<ProbedShard>(store, iterationKeys.probed(place));
        const made = await readSealed<ProbedShard>(store, iterationKeys.probed(place));
        return made ?? { problems: [], cost: { ...(await callsSoFar(place, transcripts)), seconds: 0 } };
      });
    return Promise.all(probed);
  }

  async function storedRun(plan: RunPlan): Promise<StoredRun> {
    return new StoredRun(store, (await loadedRuns.run(plan)).record);
  }

  async function measuredAmong(transcripts: Transcript[], input: Measured): Promise<Transcript[]> {
    const measured = await measuredProblems(input);
    return transcripts.filter(({ problemId }) => measured.has(problemId));
  }

  async function measuredProblems({ plan, split, iteration }: Measured): Promise<Set<string>> {
    const { record } = await loadedRuns.run(plan);
    const { seed, evaluation } = record.specification;
    const problems = await loadedRuns.problems({ ...runOf(plan), split, iteration });
    return drawMeasuredProblems(
      problems.map(({ id }) => id),
      { seed, most: evaluation.measuredProblems },
    );
  }

  return { scoreShard, recordMeasures };
}

function unfinished(all: readonly unknown[], { through = all.length }: ScoreShardInput): { unfinished?: true } {
  return through < all.length ? { unfinished: true } : {};
}

/** The debates of one shard. */
interface DebatedShard {
  shard: number;
  transcripts: Transcript[];
}

type Measured = Pick<MeasuresInput, 'plan' | 'split' | 'iteration'>;

function sizeOf({ members, rounds }: DebateSize): DebateSize {
  return { members, rounds };
}

function batchesOf(transcripts: Transcript[]): Transcript[][] {
  return inGroups(transcripts, () => 1, { items: problemsPerBatch, weight: problemsPerBatch });
}

function placeOf({ plan, iteration, split, shard }: Measured & { shard: number }) {
  return { runId: plan.runId, iteration, split, shard };
}
