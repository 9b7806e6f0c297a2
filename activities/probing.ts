/**
 * The intervention of measures.md, on one shard of an evaluation: its critics revise the evaluation's own first
 * responses in exchanged company. Each completion is stored before it is used, as in a debate.
 */
import type { StoredCompletion } from '../src/contract/completion';
import type { ProbedShard, ProbingCost } from '../src/contract/critic-reading';
import type { ScoreShardInput } from '../src/contract/run';
import type { Transcript } from '../src/contract/transcript';
import { readSealed } from '../src/artifacts/sealed';
import { onlyEndpointOf, sumOf } from '../src/domain/costs';
import { addCounts } from '../src/domain/counts';
import { debateRules } from '../src/domain/debate-rules';
import { digestOf } from '../src/domain/digests';
import { iterationKeys } from '../src/domain/keys';
import { measuredIntervention } from '../src/domain/measures/critic-reading';
import { drawnPerProblem } from '../src/domain/plan';
import { probeProblem, type CriticProbe, type ProbeCall, type ProbeQuestion } from '../src/probe/probe-critics';
import { inLanes } from '../src/settled';
import { paidCallsIn } from '../src/stored-runs/paid-calls';
import { completeOnce, undefinedIfDamaged, type CallMemory } from './completions';
import type { ActivityDependencies } from './dependencies';
import type { LoneJudge, References } from './references';
import { runOf, type LoadedRuns, type SplitPlace } from './loaded-runs';

export function shardProbing(
  dependencies: ActivityDependencies,
  loadedRuns: LoadedRuns,
  { references, memory }: { references: References; memory: CallMemory },
) {
  const { store } = dependencies;

  /**
   * Problems without a reference answer, and those whose debate failed, are not asked about.
   * @param onProblem Called after each problem.
   */
  async function probeShard(
    input: ScoreShardInput,
    transcripts: readonly Transcript[],
    onProblem: () => void,
  ): Promise<ProbedShard> {
    const startedAt = performance.now();
    const place: SplitPlace = { ...runOf(input.plan), split: input.split, iteration: input.iteration };
    const judge = await references.judgeAlone(place);
    const probe = await probeOf(input, place, judge);
    const asked = transcripts.filter(({ problemId, consensus }) => judge.has(problemId) && consensus.kind !== 'failed');
    const problems = await inLanes(asked, input.plan.problemsInFlight, async ({ problemId, question }) => {
      const outcome = await probeProblem(probe, { id: problemId, question });
      onProblem();
      return { problemId, ...outcome };
    });
    const seconds = (performance.now() - startedAt) / 1000;
    return { problems, cost: { ...(await callsSoFar(place, asked)), seconds } };
  }

  /** Of these problems, whether or not their shard was finished. */
  async function callsSoFar(
    place: SplitPlace,
    problems: readonly Pick<Transcript, 'problemId'>[],
  ): Promise<Omit<ProbingCost, 'seconds'>> {
    const { specification } = (await loadedRuns.run(place)).record;
    const { agents } = await loadedRuns.society(place, place.iteration);
    const folders = problems.map(({ problemId }) => iterationKeys.revisions({ ...place, problemId }));
    const costs = await paidCallsIn({ store, onlyEndpoint: onlyEndpointOf(specification, agents) }, folders);
    const { kept, again, adopted } = sumOf(costs);
    const lost = again.calls === 0 ? {} : { lost: again };
    return { counts: addCounts(kept, adopted), reused: adopted, ...lost, costs };
  }

  async function probeOf(
    { plan, allowed }: ScoreShardInput,
    place: SplitPlace,
    judge: LoneJudge,
  ): Promise<CriticProbe<ProbeQuestion>> {
    const { specification } = (await loadedRuns.run(place)).record;
    const { seed, method, model, execution } = specification;
    const task = await loadedRuns.task(place);
    const rules = debateRules(specification, place.split);
    return {
      ...{ rules, seed, iteration: place.iteration, thinking: method.thinking, endpoint: model.endpoint },
      society: await loadedRuns.society(place, place.iteration),
      prompts: await loadedRuns.prompts(place),
      intervention: measuredIntervention(drawnPerProblem(rules, plan)),
      async judge({ id: problemId }, responses) {
        const answers = await Promise.all(responses.map(async (response) => task.parse(response)));
        const parsed = [...new Set(answers)].filter((answer) => answer !== null);
        const key = iterationKeys.revisionVerdicts({ ...place, problemId });
        const right = await judge.rightAmong(problemId, parsed, key);
        return answers.map((answer) => (answer === null ? null : right.has(answer)));
      },
      async ask(call) {
        const made = await madeInEvaluation(call, place);
        return (made ?? (await askOnce(call, place, { reuseTurnsOf: execution.reuseTurnsOf, allowed }))).response;
      },
    };
  }

  /** Nearly all first responses; a summary or a revision if the debate showed the same by chance. */
  async function madeInEvaluation(
    { problemId, turn, request }: ProbeCall,
    { runId, iteration, split }: SplitPlace,
  ): Promise<StoredCompletion | undefined> {
    const key = iterationKeys.turn({ runId, iteration, split, problemId, ...turn });
    const stored = await readSealed<StoredCompletion>(store, key).catch(undefinedIfDamaged);
    return stored?.requestDigest === digestOf(request) ? stored : undefined;
  }

  function askOnce(
    { problemId, name, endpoint, request }: ProbeCall,
    { runId, iteration }: SplitPlace,
    { reuseTurnsOf = [], allowed }: { reuseTurnsOf?: readonly string[] | undefined; allowed: number | undefined },
  ): Promise<StoredCompletion> {
    const keyIn = (run: string) => iterationKeys.revision({ runId: run, iteration, problemId }, name);
    const elsewhere = reuseTurnsOf.map((run) => ({ runId: run, key: keyIn(run) }));
    const asking = { ...dependencies, ...memory, endpoint, allowed };
    return completeOnce(asking, { key: keyIn(runId), elsewhere }, request);
  }

  return { probeShard, callsSoFar };
}
