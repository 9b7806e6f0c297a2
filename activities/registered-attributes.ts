/** Which of our search attributes a namespace knows: setting any other would block a workflow for ever. */
import { searchAttributes } from '../src/contract/names';
import type { Platform } from '../src/ports';

export async function registeredAttributes(platform: Platform): Promise<string[]> {
  const registered = new Set(await platform.registeredSearchAttributes());
  return Object.values(searchAttributes).filter((name) => registered.has(name));
}
