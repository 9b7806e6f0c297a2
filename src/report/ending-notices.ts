/** Notices on answers that ended abnormally, if their share is unusual. */
import type { CallCounts } from '../contract/run';
import { longestResponse, tooLargeEnding } from '../domain/finish-reasons';
import { count, percent } from '../pages/numbers';

interface Ending {
  sentence: string;
  /** The smallest share of the calls that is worth a sentence. */
  unusualShare: number;
}

const knownEndings: Readonly<Record<string, Ending>> = {
  // A small model that rambles has some of these from the start.
  truncated: { sentence: 'Responses cut at the token limit, not used for training', unusualShare: 0.1 },
  filtered: {
    sentence: 'Responses withheld or cut by the provider’s filter, not used for training',
    unusualShare: 0.01,
  },
  empty: { sentence: 'Empty responses, not used for training', unusualShare: 0.01 },
  [tooLargeEnding]: {
    sentence: `Responses of more than ${count(longestResponse)} characters, not kept and not used for training`,
    unusualShare: 0,
  },
  'asked without empty answer': {
    sentence: 'Critics asked without their own earlier answer, because it was empty',
    unusualShare: 0.01,
  },
  lost: {
    sentence:
      'Calls whose answer was not kept (a worker died, the call was cancelled or broken off, or the answer was none) and that may have been charged',
    unusualShare: 0,
  },
};

/** One sentence for each ending, with the places where it occurred. @param parts Calls by place. */
export function endingNotices(parts: readonly { place: string; counts: CallCounts }[]): string[] {
  const names = [...new Set(parts.flatMap(({ counts }) => Object.keys(counts.endings ?? {})))];
  return names.flatMap((name) => {
    const { sentence, unusualShare } = endingOfName(name);
    const places = parts.flatMap(({ place, counts: { calls, endings } }) => {
      const number = endings?.[name] ?? 0;
      if (number === 0 || calls === 0 || number / calls < unusualShare) return [];
      return [`${count(number)} of ${count(calls)} calls (${percent(number / calls)}) ${place}`];
    });
    return places.length === 0 ? [] : [`${sentence}: ${places.join(', ')}.`];
  });
}

function endingOfName(name: string): Ending {
  const known = Object.hasOwn(knownEndings, name) ? knownEndings[name] : undefined;
  const reason = name.replace(/^ended as /, '');
  return (
    known ?? { sentence: `Responses that the endpoint ended as “${reason}”, not used for training`, unusualShare: 0 }
  );
}
