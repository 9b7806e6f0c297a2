import path from 'node:path';
import type { RunSpecification } from '../../src/contract/specification';
import { InvalidRunSpec } from '../../src/errors';
import { proofMethods } from '../../src/proof/methods';
import { plannedCalls, planProof, type PlannedRun } from '../../src/proof/plan';
import { ProofProgress, type RunToDo } from '../../src/proof/proof-progress';
import { repositoryRoot } from '../../src/paths';
import { loadSpecificationFile } from '../../src/specification';
import { base } from './proof-fixture';

const all = { seeds: [21, 22], methods: [...proofMethods] };

/** Everything but the method, and the rounds of evaluation that follow from it. */
function withoutMethod({ name: _name, method: _method, evaluation, ...rest }: RunSpecification) {
  const { rounds: _rounds, ...evaluated } = evaluation;
  return { ...rest, evaluation: evaluated };
}

describe('the plan of a proof', () => {
  it('is one run per seed and method, a whole seed after the other', () => {
    expect(planProof(base, all).runs.map(({ runId }) => runId)).toEqual([
      'proof-multiagent-finetuning-s21',
      'proof-majority-finetuning-s21',
      'proof-single-agent-s21',
      'proof-control-s21',
      'proof-multiagent-finetuning-s22',
      'proof-majority-finetuning-s22',
      'proof-single-agent-s22',
      'proof-control-s22',
    ]);
  });

  it('derives valid specifications from the shipped file, which differ in nothing but what makes the method', async () => {
    const shipped = await loadSpecificationFile(path.join(repositoryRoot(), 'examples', 'tiny-proof.yaml'));
    const [society, majority, single, control] = planProof(shipped, { ...all, seeds: [21] }).runs.map(
      ({ resolved }) => resolved.specification,
    );
    for (const other of [majority, single, control]) {
      expect(withoutMethod(other!)).toEqual(withoutMethod(society!));
    }
    expect(majority!.method).toMatchObject({ rounds: 1, weights: 'one', evaluateBy: 'vote', minimumAgreement: 0.5 });
    expect(single!.method).toMatchObject({ rounds: 2, weights: 'one', evaluateBy: 'debate', minimumAgreement: 0.5 });
    expect(control!.method).toMatchObject({ rounds: 2, weights: 'per-agent', select: 'none' });
  });

  it('has the recipe that tiny-proof.yaml promises', async () => {
    const shipped = await loadSpecificationFile(path.join(repositoryRoot(), 'examples', 'tiny-proof.yaml'));
    const [{ resolved, plan }] = planProof(shipped, { ...all, seeds: [21] }).runs as [
      ReturnType<typeof planProof>['runs'][0],
    ];
    expect(resolved.specification).toMatchObject({
      task: { kind: 'arithmetic', max: 10, train: 800, eval: 500, problems: 'fixed' },
      method: {
        members: 3,
        rounds: 2,
        correctedShare: 0.25,
        minimumAgreement: 0.5,
        prompts: 'compact',
        select: 'consensus',
      },
      finetuning: { weights: 'full', learningRate: 1e-4, batchSize: 16, epochs: 2, schedule: 'linear' },
    });
    expect(plan).toMatchObject({ iterations: 5, voteSamples: 9, voteAtIterations: [0, 5] });
  });

  it('gives a trial names of its own, so that it never meets the runs of the proof', () => {
    const trial = planProof(base, { ...all, iterations: 1, problems: 20 });
    expect(trial.name).toBe('proof-p20-i1');
    expect(trial.runs[0]).toMatchObject({
      runId: 'proof-p20-i1-multiagent-finetuning-s21',
      plan: { iterations: 1, trainProblems: 20, evaluationProblems: 20 },
    });
  });

  it('refuses a specification that is none before anything is started', () => {
    expect(() => planProof({ ...base, itterations: 5 }, all)).toThrow(InvalidRunSpec);
    expect(() => planProof('gsm8k', all)).toThrow(InvalidRunSpec);
  });
});

describe('the progress of a proof', () => {
  const { runs } = planProof(base, all);
  const counts = (calls: number) => ({ counts: { calls, promptTokens: 0, completionTokens: 0 } });

  it('says which run of how many, and the time left once some of it has been seen', () => {
    let now = 0;
    const left = runs.slice(2).map((run) => ({ run, begunEarlier: false }));
    const [{ run }, ...others] = left as [RunToDo, ...RunToDo[]];
    const progress = new ProofProgress(left, runs.length, () => now);
    expect(progress.describe(run)).toBe('run 3 of 8: proof-single-agent-s21');
    progress.runStarted(run);
    progress.saw(counts(0));
    now = 60_000;
    progress.saw(counts(plannedCalls(run)));
    const later = others.reduce((sum, each) => sum + plannedCalls(each.run), 0);
    expect(progress.secondsLeft(run)).toBeCloseTo((60 * later) / plannedCalls(run));
    expect(progress.describe(run)).toMatch(/^run 3 of 8: proof-single-agent-s21, about \d min left in all$/);
    progress.runEnded(run);
    expect(progress.secondsLeft(others[0]!.run)).toBeCloseTo((60 * later) / plannedCalls(run));
  });

  it('learns nothing from a run that was begun earlier: what is stored is walked through in seconds', () => {
    let now = 0;
    const [first, second, ...others] = runs as [PlannedRun, PlannedRun, ...PlannedRun[]];
    const left = runs.map((run) => ({ run, begunEarlier: run === first }));
    const progress = new ProofProgress(left, runs.length, () => now);
    progress.runStarted(first);
    progress.saw(counts(plannedCalls(first)));
    now = 10_000;
    expect(progress.secondsLeft(first)).toBeUndefined();
    progress.runEnded(first);
    progress.runStarted(second);
    progress.saw(counts(plannedCalls(second) / 2));
    now = 30_000;
    const later = others.reduce((sum, each) => sum + plannedCalls(each), 0);
    expect(progress.secondsLeft(second)).toBeCloseTo(20 * (1 + later / (plannedCalls(second) / 2)));
  });
});
