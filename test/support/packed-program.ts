/** The program as `npm pack` ships it, with the packages it depends on and nothing else of the checkout. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../../src/machine/paths';

/**
 * Installs it into `folder`, where it is not there yet, as `npm install` would, without a registry: what it depends on are links
 * to what the checkout has. Returns the script of the command line.
 */
export function installPackedProgram(folder: string): string {
  const root = repositoryRoot();
  const { name, dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    name: string;
    dependencies: Record<string, string>;
  };
  const modules = path.join(folder, 'node_modules');
  const installed = path.join(modules, name);
  const script = path.join(installed, 'dist', 'src', 'cli', 'main.js');
  if (existsSync(script)) return script;
  mkdirSync(installed, { recursive: true });
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const packed = execFileSync('npm', pack, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ filename }] = JSON.parse(packed.toString()) as [{ filename: string }];
  execFileSync('tar', ['-xzf', path.join(folder, filename), '-C', installed, '--strip-components=1']);
  for (const each of Object.keys(dependencies)) {
    mkdirSync(path.dirname(path.join(modules, each)), { recursive: true });
    symlinkSync(path.join(root, 'node_modules', each), path.join(modules, each));
  }
  return script;
}
