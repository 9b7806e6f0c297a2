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
