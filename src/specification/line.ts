/** A line's specification (`line.yaml`), and what a run of the line takes from it. */
import {
  fixedByLine,
  lineSpecificationInputSchema,
  lineSpecificationSchema,
  type FixedByLine,
  type LineRecord,
} from '../contract/line';
import type { RunSpecification } from '../contract/specification';
import { digestOf } from '../domain/digests';
import { InvalidRunSpec } from '../errors';
import { isPlainObject, valueAt, type Path, type PlainObject } from './plain-objects';
import { describeIssue, shownValue } from './problems';
import { resolveSpecification } from './resolve';

export type ParsedLine = Omit<LineRecord, 'name' | 'by' | 'createdAt'> & {
  /** What a run of the line that sets nothing itself is. */
  specification: RunSpecification;
};

/** Throws `InvalidRunSpec` with one line per problem. */
export function parseLine(raw: unknown): ParsedLine {
  if (!isPlainObject(raw)) {
    throw new InvalidRunSpec([`line: ${shownValue(raw)} is not the specification of a line; it must be one object`]);
  }
  const given = typeof raw.promotion === 'string' ? { ...raw, promotion: { gate: raw.promotion } } : raw;
  const parsed = lineSpecificationInputSchema.safeParse(given);
  if (!parsed.success) {
    const described = { value: given, schema: lineSpecificationSchema };
    throw new InvalidRunSpec([...new Set(parsed.error.issues.flatMap((issue) => describeIssue(issue, described)))]);
  }
  const { description, seed, minimumProblems } = parsed.data;
  const promotion = lineSpecificationSchema.shape.promotion.parse(given.promotion);
  refuseUselessSettings(given, promotion.gate);
  const fixed = Object.fromEntries(
    fixedByLine.flatMap((field) => (given[field] === undefined ? [] : [[field, given[field]]])),
  ) as FixedByLine;
  const { specification } = resolveSpecification(fixed);
  refuseUntrained(specification);
  return {
    ...(description === undefined ? {} : { description }),
    fixed,
    seed,
    minimumProblems,
    promotion,
    specification,
  };
}

/** Settings of `promotion` that only one gate reads. */
const settingsOfGates: [Path, gate: string][] = [
  [['promotion', 'margin'], 'not-worse'],
  [['promotion', 'approveWithin'], 'approval'],
  [['promotion', 'otherwise'], 'approval'],
];

function refuseUselessSettings(given: PlainObject, gate: string): void {
  const useless = settingsOfGates.filter(([path, reader]) => gate !== reader && valueAt(given, path) !== undefined);
  if (useless.length === 0) return;
  throw new InvalidRunSpec(
    useless.map(
      ([path, reader]) =>
        `${path.join('.')}: ${shownValue(valueAt(given, path))} is impossible: only promotion.gate "${reader}" reads it`,
    ),
  );
}

function refuseUntrained({ method }: RunSpecification): void {
  if (method.weights !== 'none') return;
  throw new InvalidRunSpec([
    `method: ${JSON.stringify(method.preset)} trains nothing, so a line of it would never change; choose a method that trains`,
  ]);
}

/**
 * The specification of a run with what its line fixes. Completing it again changes nothing. Throws `InvalidRunSpec` if it
 * sets one of those fields otherwise.
 */
export function completedByLine(raw: PlainObject, { name, fixed }: Pick<LineRecord, 'name' | 'fixed'>): PlainObject {
  const others = fixedByLine.filter(
    (field) => raw[field] !== undefined && digestOf(raw[field]) !== digestOf(fixed[field] ?? null),
  );
  if (others.length > 0) {
    throw new InvalidRunSpec(
      others.map((field) => `${field}: line "${name}" fixes it; leave it out, or start a line of its own for it`),
    );
  }
  if (isPlainObject(raw.model) && raw.model.society !== undefined) {
    throw new InvalidRunSpec([`model.society: line "${name}" decides which society a run starts from; leave it out`]);
  }
  return { ...raw, ...fixed };
}

/** The line that a specification names; undefined if it names none. */
export function lineNamedBy(raw: unknown): string | undefined {
  return isPlainObject(raw) && typeof raw.line === 'string' ? raw.line : undefined;
}
