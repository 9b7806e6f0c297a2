/**
 * The value in a response's closing sentence, for responses that do not mark their answer. Two values give no answer:
 * picking one would be a guess, and a wrong "equal" makes a wrong consensus.
 */
import { longestAnswer } from './marked';
import { isGluedToName, numeral } from './numerals';
import { joinsAnswers, mathSegments, type Segment } from './segments';

/** Most sentences like "I hope it is correct." that may follow the one with the value. */
const mostRemarks = 3;

interface Sentence {
  text: string;
  segments: Segment[];
}

interface Value {
  content: string;
  from: number;
  to: number;
  /** `name`: what the sentence is about; `part`: a number that is not the whole value (`12:00`, `2 million`). */
  role: 'value' | 'name' | 'part';
}

/** The only value of the last sentence with any; `null` if it has two values, asks or denies. */
export function closingValue(text: string): string | null {
  let remarks = 0;
  for (const sentence of lastSentences(text)) {
    const holdsValue = sentence.segments.length > 0 || /\p{Nd}/u.test(sentence.text);
    if (holdsValue) return onlyValue(sentence);
    remarks += 1;
    if (remarks > mostRemarks) return null;
  }
  return null;
}

/** The only value of a sentence; names (`$n$`, `$f(x)$`) may precede it. */
export function onlyValue({ text, segments }: Sentence): string | null {
  if (/\?\W{0,9}$|\b(?:not|never)\b|n['’]t\b/i.test(text)) return null;
  const marked = joined(text, segments);
  const values = [...marked, ...plainValues(text, segments)].sort((left, right) => left.from - right.from);
  const last = values.at(-1);
  if (last === undefined || values.some(({ role }) => role === 'part')) return null;
  if (values.length === 1) return last.content;
  const others = values.slice(0, -1).filter(({ role, content }) => role !== 'name' && content !== last.content);
  return last.role === 'name' || others.length > 0 ? null : last.content;
}

/** Merges adjacent segments that are one answer together. */
function joined(text: string, segments: readonly Segment[]): Value[] {
  const values: Value[] = [];
  for (const { content, from, to } of segments) {
    const last = values.at(-1);
    if (last !== undefined && joinsAnswers(text.slice(last.to, from))) {
      values[values.length - 1] = { content: `${last.content}, ${content}`, from: last.from, to, role: 'value' };
    } else values.push({ content, from, to, role: isName(content) ? 'name' : 'value' });
  }
  return values;
}

/** A variable, a figure's corners, a function of a variable: the subject of a sentence, not its value. */
function isName(content: string): boolean {
  return /^\s*(?:\\[a-zA-Z]+\s?)?[A-Za-z]{1,8}'?(?:_\{?\w{1,3}\}?)?(?:\([A-Za-z]\))?\s*$|^\s*\([a-z](?:, ?[a-z]){1,3}\)\s*$/.test(
    content,
  );
}

const value = new RegExp(
  String.raw`(?<sign>(?<=^|[\s(=:])-)?\p{Sc}?\s?(?<number>${numeral}(?:/${numeral})?)(?<percent>\s?\\?%)?`,
  'gu',
);
/** After a number, these change its value. */
const changing = /^\s?(?:[ap]\.?m\b|hundred|thousand|million|billion|trillion|dozen|[:^!]|\+|\*|[-/]\s?\d)/i;
const states = /\b(?:is|are|was|were|be|equals?)\b/i;
const numberWord =
  /\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|half|quarter|third)\b/i;
const fewestWords = 5;

/** Numbers outside the segments; empty unless the text reads as a sentence. */
function plainValues(text: string, segments: readonly Segment[]): Value[] {
  const isSentence =
    states.test(text) || ((text.match(/\p{L}{2,}/gu)?.length ?? 0) >= fewestWords && !numberWord.test(text));
  if (!isSentence) return [];
  const values: Value[] = [];
  for (const { 0: all, index, groups = {} } of text.matchAll(value)) {
    const { sign = '', number = '', percent } = groups;
    const from = index + all.indexOf(number);
    if (isGluedToName(text, from) || segments.some((segment) => from >= segment.from && from < segment.to)) continue;
    const to = index + all.length;
    values.push({
      content: `${sign}${number}${percent === undefined ? '' : '%'}`,
      ...{ from, to },
      role: changing.test(text.slice(to, to + 20)) ? 'part' : 'value',
    });
  }
  return values;
}

/** A period, or a word that begins a conclusion, in case the model omitted the period. */
const sentenceEnd =
  /\n|(?<=[^\s.]{2}|[\p{Nd})}\]$*%])[.!](?=\s|$)|(?=\b(?:Therefore|Thus|Hence|Final Answer|Final answer)\b)/gu;

/** The last sentences, last one first; a period inside mathematics does not end a sentence. */
function lastSentences(text: string): Sentence[] {
  const start = Math.max(0, text.length - longestAnswer);
  const segments = mathSegments(text).filter(({ from }) => from >= start);
  const spans: Sentence[] = [];
  let from = start;
  const close = (to: number) => {
    const within = segments.filter((segment) => segment.from >= from && segment.to <= to);
    const sentence = text.slice(from, to).replace(/<\|[^|<>]{1,40}\|>[^\n]*/, '');
    const placed = within.map((segment) => ({ ...segment, from: segment.from - from, to: segment.to - from }));
    if (sentence.trim() !== '') spans.unshift({ text: sentence, segments: placed });
    from = to;
  };
  for (const { 0: sign, index } of text.slice(start).matchAll(sentenceEnd)) {
    const end = start + index;
    if (end >= from && !segments.some((segment) => segment.from < end && segment.to > end)) close(end + sign.length);
  }
  close(text.length);
  return spans;
}
