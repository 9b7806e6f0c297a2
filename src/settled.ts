/**
 * Returns all results, or throws the first failure once everything has settled. Unlike with `Promise.all`, nothing is still
 * running when the caller tries again: everything begun has been stored, or has failed, by then.
 */
export async function allSettledOrFailed<Value>(begun: readonly Promise<Value>[]): Promise<Value[]> {
  const results = await Promise.allSettled(begun);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** Performs a few at a time; results in order. Throws like `allSettledOrFailed`: after a failure the others are still done. */
export async function inLanes<Item, Result>(
  items: readonly Item[],
  most: number,
  perform: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await perform(item);
  };
  await allSettledOrFailed(Array.from({ length: Math.min(most, items.length) }, lane));
  return results;
}
