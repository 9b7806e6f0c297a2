import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileArtifactStore } from '../../src/artifacts/file-store';
import { publishSealed } from '../../src/artifacts/sealed';
import { validationSplit } from '../../src/contract/transcript';
import { iterationKeys, runKeys } from '../../src/domain/keys';
import { ConfigError, InvalidRunSpec } from '../../src/errors';
import { buildProof } from '../../src/proof/build-proof';
import { performRuns } from '../../src/proof/perform-proof';
import { renderProofPage } from '../../src/proof/render-html';
import { renderProofTable } from '../../src/proof/render-table';
import { readSeries } from '../../src/proof/series';
import { fixturePlan, fixtureSeries, measuredAccuracy, recordOf, type Told } from './proof-fixture';

jest.unmock('../../src/report/svg');

describe('a proof', () => {
  it('is the same whenever it is computed', () => {
    expect(buildProof(fixturePlan(), fixtureSeries())).toEqual(buildProof(fixturePlan(), fixtureSeries()));
  });

  it('is refused where two methods of a seed were evaluated on different problems', () => {
    const series = fixtureSeries();
    const [first, second, ...others] = series;
    const elsewhere = {
      ...second!,
      record: { ...second!.record, problems: { ...second!.record.problems, eval: { key: 'k', sha256: 'other' } } },
    };
    expect(() => buildProof(fixturePlan(), [first!, elsewhere, ...others])).toThrow(ConfigError);
  });

  it('notices where the same untuned society answered otherwise in two runs of a seed', () => {
    expect(buildProof(fixturePlan(), fixtureSeries()).notices).toEqual([]);
    const accuracy = (told: Told) => (told.method === 'control' && told.seed === 22 ? 0.5 : measuredAccuracy(told));
    expect(buildProof(fixturePlan(), fixtureSeries({ accuracy })).notices).toEqual([
      'untuned, proof-multiagent-finetuning-s22 and proof-control-s22 should answer alike and do not: serving does not repeat itself on this machine',
    ]);
  });

  it('shows every curve with the mean and each seed', () => {
    const { curves } = buildProof(fixturePlan(), fixtureSeries());
    expect(curves.map(({ method, mode, label }) => `${method}/${mode}/${label}`)).toContain(
      'majority-finetuning/society/vote over 3',
    );
    const society = curves.find(({ method, mode }) => method === 'multiagent-finetuning' && mode === 'society')!;
    expect(society.points.map(({ iteration }) => iteration)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(society.points[0]!.seeds.map(({ seed }) => seed)).toEqual([21, 22, 23]);
    const vote = curves.find(({ method, mode }) => method === 'single-agent' && mode === 'vote-9')!;
    expect(vote.points.map(({ iteration }) => iteration)).toEqual([0, 5]);
  });

  it('sets the optimizer steps of the methods side by side', () => {
    const { effort } = buildProof(fixturePlan(), fixtureSeries());
    const steps = effort.map(({ method, models, stepsPerModel }) => [
      method,
      models,
      stepsPerModel.fewest,
      stepsPerModel.most,
    ]);
    expect(steps).toEqual([
      ['multiagent-finetuning', 6, 175, 300],
      ['majority-finetuning', 1, 700, 700],
      ['single-agent', 1, 700, 700],
      ['control', 6, 500, 500],
    ]);
  });

  it('says also who wins at equal calls without being claimed to', () => {
    const { findings } = buildProof(fixturePlan(), fixtureSeries());
    const untuned = findings.find(({ id }) => id === 'untuned-vote-and-debate')!;
    expect(untuned.comparison.difference).toBeCloseTo(0.836 - 0.67, 2);
  });

  it('computes from half of the runs, and says that it is half', () => {
    const options = { evaluatedUpTo: (_: unknown, seed: number) => (seed === 21 ? 5 : seed === 22 ? 1 : -1) };
    const proof = buildProof(fixturePlan(), fixtureSeries(options));
    expect(proof.notices).toEqual(['4 of 12 runs are finished: what follows rests on those']);
    expect(proof.runs.map(({ lastEvaluated }) => lastEvaluated)).toEqual([
      5,
      5,
      5,
      5,
      1,
      1,
      1,
      1,
      ...Array(4).fill(undefined),
    ]);
    expect(renderProofTable(proof)).toContain('HOLDS');
    expect(renderProofPage(proof)).toContain('4 of 12 runs are finished');
  });

  it('counts a run that stopped early as finished, and sets its last society against the others', () => {
    const options = { evaluatedUpTo: (method: string) => (method === 'single-agent' ? 2 : 5), endsEarly: true };
    const proof = buildProof(fixturePlan(), fixtureSeries(options));
    expect(proof.runs.every(({ isFinished }) => isFinished)).toBe(true);
    expect(proof.notices).toEqual([
      'ended before iteration 5, so that the last society stands for it: proof-single-agent-s21 (iteration 2), ' +
        'proof-single-agent-s22 (iteration 2), proof-single-agent-s23 (iteration 2)',
    ]);
    const rival = proof.claims.find(({ id }) => id === 'society-beats-single-agent')!.comparison!;
    expect(rival.seeds.map(({ secondIteration }) => secondIteration)).toEqual([2, 2, 2]);
    expect(proof.effort.map(({ method, stepsPerModel }) => [method, stepsPerModel.most])).toContainEqual([
      'single-agent',
      280,
    ]);
    const curve = proof.curves.find(({ method, mode }) => method === 'single-agent' && mode === 'society')!;
    expect(curve.points.map(({ iteration }) => iteration)).toEqual([0, 1, 2]);
    expect(renderProofPage(proof)).not.toContain('(not finished)');
  });

  it('of no run at all has nothing to show, and says so for each claim', () => {
    const proof = buildProof(fixturePlan(), []);
    expect(new Set(proof.claims.map(({ verdict }) => verdict))).toEqual(new Set(['not measured']));
    expect(renderProofTable(proof)).toContain('NOT MEASURED');
    expect(renderProofPage(proof)).toContain('not measured');
  });
});

describe('what a proof prints', () => {
  const proof = buildProof(fixturePlan(), fixtureSeries());

  it('names the control as what it is, wherever it stands', () => {
    expect(renderProofTable(proof)).toContain('control (select: none)');
    expect(renderProofPage(proof)).toContain('control (select: none)');
  });

  it('gives number, both intervals, n and seeds for every claim', () => {
    const lines = renderProofTable(proof).split('\n');
    const gain = lines.findIndex((line) => line.includes('at least 10 points'));
    expect(lines[gain]).toMatch(/^HOLDS/);
    expect(lines[gain + 2]).toMatch(
      /^ {6}\+15\.\d points, \+1\d\.\d to \+1\d\.\d \(n = 1,500\) \| \+1\d\.\d to \+1\d\.\d \(seeds 21 to 23: \+16\.0, \+15\.0, \+16\.0\)$/,
    );
  });

  it('is one page without scripts, and without addresses to load from', () => {
    const page = renderProofPage(proof);
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(page.match(/<svg/g)!.length).toBeGreaterThanOrEqual(3);
  });
});

describe('the runs of a proof', () => {
  let folder: string;
  let store: FileArtifactStore;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'maft-proof-'));
    store = new FileArtifactStore(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('are read back from the store as far as they have come', async () => {
    const [run] = fixturePlan().runs;
    expect(await readSeries(store, run!)).toBeUndefined();
    await publishSealed(store, runKeys.record(run!.runId), recordOf(run!));
    expect(await readSeries(store, run!)).toMatchObject({
      runId: run!.runId,
      measurements: [],
      weights: [[], [], [], [], [], []],
    });
  });

  it('have ended where what they watch told them to stop', async () => {
    const [run] = fixturePlan().runs;
    const { runId } = run!;
    const record = recordOf(run!);
    const stopWhen = { signal: 'plateau', improvement: 0.01, patience: 1, validation: 10 };
    await publishSealed(store, runKeys.record(runId), {
      ...record,
      plan: { ...record.plan, stopWhen, scoring: undefined },
    });
    for (const iteration of [0, 1]) {
      const place = { runId, iteration };
      await publishSealed(store, iterationKeys.evaluation(place), { modes: [] });
      const validated = { modes: [{ mode: 'society', accuracy: 0.6 }] };
      await publishSealed(store, iterationKeys.evaluation(place, validationSplit), validated);
    }
    expect(await readSeries(store, run!)).toMatchObject({ endedAt: 1 });
  });

  it('are refused, before any server is started, where one of them was made with other settings', async () => {
    const [run] = fixturePlan().runs;
    await publishSealed(store, runKeys.record(run!.runId), {
      ...recordOf(run!),
      specificationDigest: 'of another specification',
    });
    const platform = { model: null, listener: () => undefined, interrupted: new AbortController().signal };
    await expect(performRuns(fixturePlan(), store, platform)).rejects.toThrow(InvalidRunSpec);
  });
});
