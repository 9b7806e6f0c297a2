/** What `maft probe-critics` prints. */
import {
  othersKinds,
  ownKinds,
  type CriticReading,
  type OthersKind,
  type OwnKind,
} from '../../contract/critic-reading';
import type { CallCounts } from '../../contract/run';
import type { TaskSettings } from '../../tasks/kinds/all';
import { count } from '../../pages/numbers';
import { inPoints, readingSentence, withError } from '../../pages/reading-sentence';
import { asciiOnly, plainTableLines, wrapped } from '../../pages/terminal';
import type { ProbeSubject } from './subject';

export interface ProbeResult extends CriticReading {
  base?: string;
  society?: string;
  task: TaskSettings;
  seed: number;
  prompts: string;
  summary: boolean;
  sentence: string;
  counts: CallCounts;
  seconds: number;
  versions: { maft: string };
}

/** Of an estimate, with what it was made with. */
export function probeResult(
  found: CriticReading,
  { kind, name, specification, society }: ProbeSubject,
  made: Pick<ProbeResult, 'counts' | 'seconds' | 'versions'>,
): ProbeResult {
  const { task, seed } = specification;
  const { promptSet: prompts, summary } = society;
  return {
    [kind]: name,
    ...{ task, seed, prompts: typeof prompts === 'string' ? prompts : prompts.base, summary },
    ...found,
    sentence: asciiOnly(readingSentence(found).replaceAll('\u00a0', ' ')),
    ...made,
  };
}

const ownNames: Record<OwnKind, string> = { wrong: 'own answer wrong', right: 'own answer right' };
const othersNames: Record<OthersKind, string> = { right: 'others right', mixed: 'one of each', wrong: 'others wrong' };

/** For people; plain characters if the terminal may have no others. */
export function probeText(found: ProbeResult, { ascii, width }: { ascii: boolean; width: number }): string {
  const { problems, problemsAsked, failed, samples, critics, counts, seconds } = found;
  const rows = ownKinds.map((own) => [
    ownNames[own],
    ...othersKinds.map((others) => withError(found.rightByOwnAndOthers[own][others])),
  ]);
  const plain = (text: string) => (ascii ? asciiOnly(text).replaceAll('\u00a0', ' ') : text);
  const lines = [
    `${found.society ?? found.base} on ${found.task.kind}, seed ${found.seed}`,
    ...wrapped(
      `${count(problems)} of ${count(problemsAsked)} problems had three right and three wrong among at most ${samples} first answers` +
        `${failed === 0 ? '' : `, ${failed} failed`}; right revisions of ${critics} critics, in %:`,
      width,
    ),
    '',
    ...plainTableLines({
      heads: ['', ...othersKinds.map((others) => othersNames[others])],
      groups: [{ rows: rows.map((row) => row.map(plain)) }],
    }),
    '',
    `reading  ${inPoints(found.reading)}: own wrong, others right instead of wrong`,
    `copying  ${inPoints(found.copying)}: own right, others right instead of wrong`,
    '',
    ...wrapped(readingSentence(found), width),
    '',
    `${count(counts.calls)} calls, ${count(counts.promptTokens + counts.completionTokens)} tokens, ${seconds} s`,
  ];
  return `${lines.map(plain).join('\n')}\n`;
}
