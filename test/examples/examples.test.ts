import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { digestOfExample, exampleTwins } from '../../src/docs/examples';
import { repositoryRoot } from '../../src/machine/paths';
import { loadSpecificationFile, resolveSpecification } from '../../src/specification';
import { resolveComparison } from '../../src/specification/comparison';

describe('examples', () => {
  it('have a JSON twin each, with the content of the YAML (else: npm run examples)', async () => {
    const twins = await exampleTwins();
    expect(twins.map(({ yaml }) => path.basename(yaml))).toEqual(
      expect.arrayContaining(['demo.yaml', 'tiny-proof.yaml']),
    );
    for (const { json, content } of twins) expect(readFileSync(json, 'utf8')).toBe(content);
  });

  it('mean the same run whether started from YAML or from JSON', async () => {
    for (const { yaml, json } of await exampleTwins()) {
      expect(existsSync(json)).toBe(true);
      const fromJson = await digestOfExample(JSON.parse(readFileSync(json, 'utf8')));
      expect(fromJson).toBe(await digestOfExample(await loadSpecificationFile(yaml)));
    }
  });

  it('of the paper have a small twin each, of the same methods, on the tiny model', async () => {
    const methodsOf = async (name: string) => {
      const raw = await loadSpecificationFile(path.join(repositoryRoot(), 'examples', `${name}.yaml`));
      return { methods: resolveComparison(raw).methods, base: (raw as { model: { base: string } }).model.base };
    };
    const pairs = [
      ['paper-table-1', 'tiny-table-1'],
      ['paper-table-2', 'tiny-table-2'],
      ['five-iterations', 'tiny-five-iterations'],
      ['agents-sweep', 'tiny-agents-sweep'],
      ['temperature', 'tiny-temperature'],
    ] as const;
    for (const [real, tiny] of pairs) {
      expect((await methodsOf(tiny)).methods).toEqual((await methodsOf(real)).methods);
      expect((await methodsOf(tiny)).base).toBe('models/tiny-arithmetic');
    }
  });

  it('of transfer have every pair: a row for each task to train on, evaluated on all of them', async () => {
    for (const name of ['transfer-matrix', 'tiny-transfer-matrix']) {
      const raw = await loadSpecificationFile(path.join(repositoryRoot(), 'examples', `${name}.yaml`));
      const { tasks, methods, groups } = resolveComparison(raw);
      const rows = methods.filter(({ trainOn }) => trainOn !== undefined);
      expect(rows.map(({ trainOn }) => trainOn)).toEqual(tasks);
      const readings = groups('id').flatMap(({ task, readings }) => readings.map(({ method }) => `${method} ${task}`));
      expect(readings).toEqual(
        expect.arrayContaining(rows.flatMap((row) => tasks.map((task) => `${row.name} ${task}`))),
      );
      // Finetuned on the task of the column, beside them.
      expect(methods.some(({ tuned, trainOn }) => tuned && trainOn === undefined)).toBe(true);
    }
  });

  it('of the proof are the method, its rivals and a control on five seeds, with nothing else between them', async () => {
    const raw = await loadSpecificationFile(path.join(repositoryRoot(), 'examples', 'tiny-proof.yaml'));
    const { seeds, methods, claims, groups } = resolveComparison(raw);
    expect(seeds).toEqual([21, 22, 23, 24, 25]);
    expect(methods.filter(({ tuned }) => tuned).map(({ name }) => name)).toEqual([
      'multiagent-finetuning',
      'majority-finetuning',
      'single-agent',
      'single-agent-without-debate',
      'control',
      'distilled',
    ]);
    expect(claims!.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['beats', 'rises', 'peaks-and-falls']));
    const [, society, ...others] = groups('tiny-proof')[0]!.runs.map(
      (run) => resolveSpecification(run.specification).specification,
    );
    expect(society).toMatchObject({
      task: { kind: 'arithmetic', max: 10, heldOut: true, train: 100, eval: 200, problems: 'fixed' },
      method: { members: 3, rounds: 2, correctedShare: 0.25, minimumAgreement: 0.5, select: 'consensus' },
      iterations: 5,
      finetuning: { weights: 'full', learningRate: 5e-5, batchSize: 16, epochs: 2, schedule: 'linear' },
      sampling: { generation: { temperature: 1, topP: 1 } },
    });
    const alike = ({ task, seed, iterations, sampling, finetuning, model }: typeof society & object) => {
      return { task, seed, iterations, sampling: sampling.generation, finetuning, model };
    };
    const taught = others.at(-1)!;
    for (const other of others.slice(0, -1)) expect(alike(other)).toEqual(alike(society!));
    expect(taught.model).toEqual({ ...society!.model, society: 'tiny-proof.multiagent-finetuning.s21@last' });
    expect(taught.finetuning).toEqual({ ...society!.finetuning, from: 'base' });
    expect(others.map(({ method }) => [method.weights, method.evaluateBy, method.select])).toEqual([
      ['one', 'vote', 'consensus'],
      ['one', 'debate', 'consensus'],
      ['one', 'sample', 'consensus'],
      ['per-agent', 'debate', 'none'],
      ['one', 'sample', 'consensus'],
    ]);
  });

  it('that ask GSM8K and MATH for an answer do it with three seeds, beside as many votes as a debate has calls', async () => {
    const raw = await loadSpecificationFile(path.join(repositoryRoot(), 'examples', 'gsm8k-math-three-seeds.yaml'));
    const { name, seeds, tasks, methods, baseline, groups } = resolveComparison(raw);
    expect({ name, seeds, tasks, baseline }).toEqual({
      name: 'gsm8k-math',
      seeds: [1, 2, 3],
      tasks: ['gsm8k', 'math'],
      baseline: 'majority-of-9',
    });
    expect(methods.filter(({ tuned }) => tuned).map((method) => method.name)).toEqual([
      'majority-finetuning',
      'multiagent-finetuning',
    ]);
    // All untuned methods are read from one run per task and seed.
    expect(groups('id').map(({ runs }) => runs.length)).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('on real models train on what critics may say: three texts of the longest length fit into an example', async () => {
    for (const { yaml, content } of await exampleTwins()) {
      const raw = JSON.parse(content) as {
        model?: { endpoint?: string };
        sampling: { maxTokens: number };
        finetuning?: { maxLength?: number };
      };
      if (raw.model?.endpoint !== 'vllm') continue;
      const longest = raw.finetuning?.maxLength ?? 0;
      expect([path.basename(yaml), longest >= 3 * raw.sampling.maxTokens]).toEqual([path.basename(yaml), true]);
    }
  });

  it('say what they need and what they cost', async () => {
    for (const { yaml } of await exampleTwins()) {
      const comments = readFileSync(yaml, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('#'))
        .join('\n');
      expect(comments).toMatch(/needs:/i);
      expect(comments).toMatch(/costs/i);
    }
  });
});
