/** Which known name a misspelt one most likely meant. */
const longestName = 64;

/** The known name that a misspelt one most likely meant; `undefined` if none is close. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  // A longer text is no misspelt name, and the time to compare grows with its square.
  if (name.length > longestName) return undefined;
  const wanted = name.toLowerCase();
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  const tolerated = Math.max(1, Math.floor(name.length / 3));
  return best !== undefined && best.distance <= tolerated ? best.candidate : undefined;
}

/** `; did you mean "members"?`, or nothing. */
export function suggestion(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = last[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
          ? beforeLast[column - 2]! + 1
          : Infinity;
      current.push(Math.min(replaced, swapped, last[column]! + 1, current[column - 1]! + 1));
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
