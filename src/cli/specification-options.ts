/** Options that every command with a specification file has. */
import type { Command } from 'commander';
import { loadConfig } from '../machine/config';
import { dataDirectory } from '../machine/paths';
import { findServers } from '../runs/find-servers';
import { withOverrides } from '../specification/overrides';

export interface SpecificationOptions {
  set?: string[];
}

export function addSetOption(command: Command): Command {
  return command.option(
    '--set <path=value>',
    'replace one setting of the file, such as method.members=5; may be repeated',
    (assignment: string, earlier: string[] = []) => [...earlier, assignment],
  );
}

/** The file's content, with paths as the workers find them and its settings overridden by `--set`. */
export async function loadWith(
  load: (file: string, data: string) => Promise<unknown>,
  file: string,
  { set = [] }: SpecificationOptions,
): Promise<unknown> {
  return withOverrides(await load(file, workersData()), set);
}

/** The data folder for relative paths: that of the running `maft up` if its workers take the run. */
function workersData(): string {
  return findServers(loadConfig())?.data ?? dataDirectory();
}
