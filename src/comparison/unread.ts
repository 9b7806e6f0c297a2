/** Critics that are not shown to use what they read: what a comparison may then not be taken for (measures.md). */
import type { CriticReading } from '../contract/critic-reading';
import { pooledReading } from '../domain/measures/critic-reading';
import { readingSentence } from '../pages/reading-sentence';
import { societyRuns } from './explanations';
import type { ComparedArtifacts, ComparisonInput } from './gather';
import { methodLabel } from './row-sources';

/** A sentence for each reading that is too low or open: of the critics that methods began with, over their seeds. */
export function unreadNotices(input: ComparisonInput): string[] {
  const { tasks, methods } = input.comparison;
  return tasks.flatMap((task) => {
    const byReading = new Map<string, { found: CriticReading; labels: string[] }>();
    for (const { name } of methods) {
      const found = pooledReading(societyRuns(input, { task, method: name }).flatMap(atStart));
      if (found === undefined || found.verdict === 'reads') continue;
      // Methods that begin alike share their untuned turns, and so this measure.
      const known = byReading.get(JSON.stringify(found)) ?? { found, labels: [] };
      known.labels.push(`“${methodLabel(input, name)}”`);
      byReading.set(JSON.stringify(found), known);
    }
    const where = tasks.length === 1 ? '' : ` on ${task}`;
    return [...byReading.values()].map(({ found, labels }) =>
      readingSentence(found, `the critics that ${labels.join(', ')} began with${where}`),
    );
  });
}

function atStart({ measures }: ComparedArtifacts): CriticReading[] {
  const found = measures.find(({ iteration }) => iteration === 0)?.criticReading;
  return found?.kind === 'measured' ? [found] : [];
}
