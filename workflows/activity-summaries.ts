/** What the Temporal UI says beside an activity: what it does, and where in the run. Names and numbers only, never texts. */
import type { ActivityInterfaceFor } from '@temporalio/workflow';

type Single = (input: never) => Promise<unknown>;

/** The same activities; each call carries a summary made of these words and of what its input says of the place. */
export function summarised<Interface extends Record<keyof Interface, Single>>(
  activities: ActivityInterfaceFor<Interface>,
  words: Record<keyof Interface, string>,
): Interface {
  const call = (name: keyof Interface) => {
    const { executeWithOptions } = activities[name] as unknown as {
      executeWithOptions: (options: { summary: string }, input: [unknown]) => Promise<unknown>;
    };
    return (input: unknown) => executeWithOptions({ summary: [words[name], ...placeOf(input)].join(' · ') }, [input]);
  };
  const names = Object.keys(words) as (keyof Interface)[];
  return Object.fromEntries(names.map((name) => [name, call(name)])) as unknown as Interface;
}

/** A shard's input may be the input itself, or stand in its field `shard`. */
function placeOf(input: unknown): string[] {
  if (typeof input !== 'object' || input === null) return [];
  if ('shard' in input && typeof input.shard === 'object') return placeOf(input.shard);
  const fields = ['iteration', 'throughIteration', 'split', 'shard', 'runId'] as const;
  return fields.flatMap((field) => {
    const value = (input as Record<string, unknown>)[field];
    if (typeof value !== 'string' && typeof value !== 'number') return [];
    const label = { iteration: 'iteration ', throughIteration: 'iteration ', shard: 'shard ' } as Record<
      string,
      string
    >;
    return [`${label[field] ?? ''}${value}`];
  });
}
