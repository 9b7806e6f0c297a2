/** Which subjects of a data set are drawn from. */
import { InvalidRunSpec } from '../errors';
import { suggestion } from '../specification/nearest';

export interface SubjectFilter {
  admits(subject: string | null | undefined): boolean;
  /** To be called when all is read: throws `InvalidRunSpec` for a subject that no problem has. */
  refuseUnknown(): void;
}

/** `Counting & Probability` and `counting_and_probability` are one subject. */
export function subjectFilter(wanted: readonly string[] | undefined): SubjectFilter {
  const names = wanted?.map(plainName);
  const seen = new Map<string, string>();
  return {
    admits(subject) {
      if (!subject) return names === undefined;
      seen.set(plainName(subject), subject);
      return names === undefined || names.includes(plainName(subject));
    },
    refuseUnknown() {
      const unknown = (wanted ?? []).filter((subject) => !seen.has(plainName(subject)));
      const known = [...seen.values()].sort();
      if (unknown.length === 0) return;
      throw new InvalidRunSpec(
        unknown.map(
          (subject) =>
            `task.subjects: ${JSON.stringify(subject)} is not a subject of these problems${suggestion(subject, known)} ` +
            `(there are: ${known.join(', ') || 'none'})`,
        ),
      );
    },
  };
}

function plainName(subject: string): string {
  return subject
    .toLowerCase()
    .replaceAll('&', 'and')
    .replaceAll(/[^a-z0-9]+/g, '_');
}
