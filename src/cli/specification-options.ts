/** Options that every command with a specification file has. */
import type { Command } from 'commander';
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

/** What the file says, with the settings of `--set` in place of its own. */
export async function loadWith(
  load: (file: string) => Promise<unknown>,
  file: string,
  { set = [] }: SpecificationOptions,
): Promise<unknown> {
  return withOverrides(await load(file), set);
}
