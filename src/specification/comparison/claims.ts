/** The claims of a comparison: which methods they name, and whether the runs will measure what they claim. */
import type { Claim, ClaimedMethod, WrittenClaim } from '../../contract/claims';
import type { ComparedMethod, ComparisonGroup } from '../../contract/comparison';
import type { AnswerMode } from '../../contract/evaluation';
import type { RunSpecification } from '../../contract/specification';
import { canonicalJson } from '../../domain/digests';
import { iterationsTo } from '../../domain/identifiers';
import { modesAfter, trainedAgents } from '../../domain/plan';
import { InvalidRunSpec } from '../../errors';
import { suggestion } from '../nearest';
import { shownValue } from '../problems';
import { resolveSpecification } from '../resolve';

interface Compared {
  methods: readonly ComparedMethod[];
  /** Of one seed: all of them are alike. */
  groups: readonly ComparisonGroup[];
}

/** Throws `InvalidRunSpec` with every claim that the runs of the comparison could not show or refute. */
export function resolveClaims(written: readonly WrittenClaim[], compared: Compared): Claim[] {
  const read = written.map((claim, index) => readClaim(claim, { where: `claims.${index}`, compared }));
  const problems = read.flatMap((each) => each.problems);
  if (problems.length > 0) throw new InvalidRunSpec(problems);
  return read.flatMap(({ claim }) => claim ?? []);
}

interface Place {
  where: string;
  compared: Compared;
}

interface ReadClaim {
  claim?: Claim;
  problems: string[];
}

function readClaim(written: WrittenClaim, place: Place): ReadClaim {
  const { where } = place;
  const { beats, curve, iteration, by } = written;
  if ((beats === undefined) === (curve === undefined))
    return { problems: [`${where}: give either \`beats\` (whom it beats) or \`curve\` (rises, peaks-and-falls)`] };
  if (curve === undefined) return readDifference(written, place);
  const misplaced = iteration !== undefined ? 'iteration' : by !== undefined ? 'by' : undefined;
  if (misplaced !== undefined)
    return { problems: [`${where}.${misplaced}: a curve is judged over all its iterations; leave it out`] };
  return readCurve(written, place);
}

function readDifference({ beats, by = 0, note, ...own }: WrittenClaim, { where, compared }: Place): ReadClaim {
  const rival = typeof beats === 'string' ? { method: beats } : (beats ?? {});
  const first = { ...answersOf(own), iteration: own.iteration ?? ('last' as const) };
  const merged = { method: own.method, answering: own.answering, ...rival };
  const second = { ...answersOf(merged), iteration: rival.iteration ?? ('last' as const) };
  const problems = [
    ...sideProblems(first, own.iteration ?? 'last', { where, compared }),
    ...sideProblems(second, rival.iteration ?? 'last', { where: `${where}.beats`, compared }),
  ];
  if (problems.length > 0) return { problems };
  if (canonicalJson(first) === canonicalJson(second))
    return { problems: [`${where}.beats: nothing beats itself; name another method, \`answering\` or \`iteration\``] };
  if (second.iteration === 'equal-steps' && agentsOf(first, compared) !== agentsOf(second, compared))
    return {
      problems: [
        `${where}.beats.iteration: "equal-steps" compares each agent with the same one of ${shownValue(first.method)}; ${shownValue(second.method)} trains other agents`,
      ],
    };
  return { claim: { kind: 'beats', first, second, by: by / 100, ...noted(note) }, problems: [] };
}

function readCurve({ curve, note, ...own }: WrittenClaim, { where, compared }: Place): ReadClaim {
  const kind = curve ?? 'rises';
  const first = answersOf(own);
  const fewest = kind === 'rises' ? 1 : 2;
  const last = Math.min(...runsOf(first, compared).map(({ iterations }) => iterations));
  const problems = sideProblems(first, 'every', { where, compared });
  if (problems.length === 0 && last < fewest)
    problems.push(
      `${where}.curve: ${shownValue(first.method)} has ${last} iterations; a curve that ${kind.replaceAll('-', ' ')} takes at least ${fewest}`,
    );
  return { claim: { kind, first, ...noted(note) }, problems };
}

function noted(note: string | undefined) {
  return note === undefined ? {} : { note };
}

function answersOf({ method, answering }: { method: string; answering?: string | undefined }): ClaimedMethod {
  return answering === undefined ? { method } : { method, answering: answering as AnswerMode };
}

/** After which iterations a side is measured; the one at equal steps is only known when the claim is judged. */
type Looked = number | 'last' | 'every' | 'equal-steps';

function sideProblems(side: ClaimedMethod, looked: Looked, { where, compared }: Place): string[] {
  const { method } = side;
  const names = compared.methods.map(({ name }) => name);
  const found = compared.methods.find(({ name }) => name === method);
  if (found === undefined)
    return [
      `${where}.method: ${shownValue(method)} is not one of the methods${suggestion(method, names)} (${names.join(', ')})`,
    ];
  if (found.trainOn !== undefined && looked !== 'last')
    return [`${where}: ${shownValue(method)} has a \`trainOn\`, so that other tasks see only its last society`];
  return [...new Set(runsOf(side, compared).flatMap((run) => answerProblem(side, looked, { run, where }) ?? []))];
}

function answerProblem(
  { method, answering }: ClaimedMethod,
  looked: Looked,
  { run, where }: { run: RunSpecification; where: string },
): string | undefined {
  const { iterations } = run;
  if (typeof looked === 'number' && looked > iterations)
    return `${where}.iteration: ${looked} is impossible: ${shownValue(method)} has ${iterations} iterations`;
  const wanted = typeof looked === 'number' ? [looked] : looked === 'last' ? [iterations] : iterationsTo(iterations);
  const known = wanted.map((iteration) => modesAfter(run, iteration));
  const everywhere = (known[0] ?? []).filter((mode) => known.every((modes) => modes.includes(mode)));
  if (answering === undefined || everywhere.includes(answering)) return undefined;
  const when = wanted.length === 1 ? `after iteration ${wanted[0] ?? 0}` : 'after every iteration';
  return (
    `${where}.answering: ${shownValue(answering)} is not measured of ${shownValue(method)} ${when}` +
    // Another size is another vote, not a misspelt one.
    `${/^vote-\d/.test(answering) ? '' : suggestion(answering, everywhere)} (${everywhere.join(', ')}; \`evaluation.votes\` says which votes are taken, and when)`
  );
}

/** The runs of a method, one per task. */
function runsOf({ method }: ClaimedMethod, { groups }: Compared): RunSpecification[] {
  return groups.flatMap(({ runs, readings }) => {
    const reading = readings.find((each) => each.method === method);
    const run = runs.find(({ runId }) => runId === reading?.runId);
    return run === undefined ? [] : [resolveSpecification(run.specification).specification];
  });
}

function agentsOf(side: ClaimedMethod, compared: Compared): string {
  return runsOf(side, compared)
    .map(({ method }) => trainedAgents(method).join())
    .join(';');
}
