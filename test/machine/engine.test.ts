/** Which engine serves, with room for which adapters, and what is refused before anything starts. */
import { loadConfig, type MachineConfig } from '../../src/machine/config';
import { loraNeeds, loraRoom, requireServable, withEngine, withRoomFor } from '../../src/machine/engine';
import { resolveSpecification } from '../../src/specification';

const config: MachineConfig = loadConfig({ MAFT_HOME: '/nosuch' });

function specified(changes: object) {
  return resolveSpecification({
    task: { kind: 'arithmetic', train: 4, eval: 4 },
    model: { base: 'models/tiny-arithmetic' },
    ...changes,
  }).specification;
}
const lora = (rank: number) => ({ finetuning: { weights: { lora: { rank } } } });

test('maft.serve is the engine unless config.yaml, the environment or the command says vllm', () => {
  expect(config.engine).toBe('maft');
  expect(loadConfig({ MAFT_HOME: '/nosuch', MAFT_ENGINE: 'vllm' }).engine).toBe('vllm');
  expect(() => loadConfig({ MAFT_HOME: '/nosuch', MAFT_ENGINE: 'sglang' })).toThrow(/MAFT_ENGINE is "sglang"/);
  expect(withEngine(config, { engine: 'vllm', vllmCommand: 'my vllm' })).toMatchObject({
    engine: 'vllm',
    vllm: { command: 'my vllm' },
  });
  expect(() => withEngine(config, { maxLoras: 8 })).toThrow(/belong to --engine vllm: add it/);
});

test('a vLLM has room for all agents of the run and their highest rank, rounded to one that vLLM takes', () => {
  const five = specified({ method: { members: 5 }, ...lora(20) });
  expect(loraNeeds([specified(lora(8)), five])).toEqual({ loras: 10, rank: 20 });
  expect(loraRoom(withRoomFor(config, [five]))).toEqual({ maxLoras: 10, maxLoraRank: 32 });
  const said = withEngine(config, { engine: 'vllm', maxLoras: 2, maxLoraRank: 64 });
  expect(loraRoom(withRoomFor(said, [five]))).toEqual({ maxLoras: 2, maxLoraRank: 64 });
});

test('without a run there is room for the defaults of the method', () =>
  expect(loraRoom(config)).toEqual({ maxLoras: 6, maxLoraRank: 16 }));

test('a rank above all that vLLM takes is refused', () =>
  expect(() => loraRoom(withRoomFor(config, [specified(lora(1024))]))).toThrow(/rank 512 at most, and 1024/));

test('full weights and a second base are refused with the way out, and only where vLLM serves', () => {
  const vllm = withEngine(config, { engine: 'vllm' });
  const full = specified({ finetuning: { weights: 'full' } });
  expect(() => requireServable(vllm, [full])).toThrow(
    /finetuning\.weights: generation-1 has full weights, and the vLLM .* Train adapters .* or let maft\.serve serve/,
  );
  const mixed = specified({ ...lora(8), model: { base: 'a', members: [{ base: 'b' }, { base: 'a' }, { base: 'a' }] } });
  expect(() => requireServable(vllm, [mixed])).toThrow(/one vLLM serves one base model.* to serve a and b/);
  requireServable(config, [full, mixed]);
  requireServable(vllm, [specified(lora(8)), specified({ iterations: 0 })]);
});
