/**
 * Errors for missing and damaged files of the store. They say how to get them back: what each kind derives from. Starting the run again
 * keeps the files that exist and makes the missing ones again.
 */
import { ArtifactError } from '../errors';

interface Kind {
  /** Of keys below the store's root. */
  pattern: RegExp;
  /** What the file is, for people. */
  what: string;
  /** How it is made again. */
  from: string;
}

const kinds: readonly Kind[] = [
  {
    pattern: /^runs\/[^/]+\/run\.json$/,
    what: 'the record of the run',
    from: 'the specification, when the run is started again with the same one',
  },
  {
    pattern: /^runs\/[^/]+\/(problems|references)\//,
    what: 'drawn problems',
    from: 'the task and its seed; where the data have changed since, only a copy of the file helps',
  },
  {
    pattern: /^runs\/[^/]+\/iteration-\d+\/(turns|revisions)\//,
    what: 'one completion',
    from: 'its model, which is asked again',
  },
  { pattern: /\/verdicts\//, what: 'verdicts on answers', from: 'the answers, which are compared again' },
  {
    pattern: /\/(transcripts|votes|shards)\//,
    what: 'debates with their votes',
    from: 'the stored turns, without asking any model',
  },
  { pattern: /\/shown\//, what: 'debates that a report has shown', from: 'the transcripts' },
  { pattern: /\/training-sets\//, what: 'what an agent is trained on', from: 'the transcripts' },
  {
    pattern: /\/(weights\/|society\.json$)/,
    what: 'which weights an agent uses',
    from: 'a training on the stored training set, which has to give the same weights',
  },
  {
    pattern: /^models\//,
    what: 'the weights of an agent',
    from: 'a training on the stored training set, which has to give the same weights; a copy of the folder is quicker',
  },
  {
    pattern: /\/(evaluation(\.validation)?|audit|guard|measures)\.json$/,
    what: 'figures of an iteration',
    from: 'transcripts and scores',
  },
  {
    pattern: /\/timings\.json$/,
    what: 'how long stages took',
    from: 'what this start of the run took, which for finished stages is next to nothing',
  },
  { pattern: /\/scores\//, what: 'scores of responses', from: 'the models, which score again' },
  { pattern: /\/critics\//, what: 'what critics made of other responses', from: 'the stored turns and revisions' },
  {
    pattern: /^comparisons\/[^/]+\/comparison\.json$/,
    what: 'the record of the comparison',
    from: 'the specification, when the comparison is started again with the same one',
  },
];

/** What to do if the file of a key is missing or damaged, as one sentence. */
function cureOf(key: string, damage: 'missing' | 'corrupt'): string {
  // What people and gates decided, and what was held out, stands nowhere else; without it, history would be written anew.
  if (key.startsWith('lines/')) return 'Restore it from a copy: nothing else in the store holds what it says';
  const kind = kinds.find(({ pattern }) => pattern.test(key));
  if (kind === undefined) return damage === 'missing' ? 'Restore it' : 'Restore it, or delete it';
  const [, folder, id = ''] = /^(runs|comparisons)\/([^/]+)/.exec(key) ?? [];
  const owner = folder === undefined ? 'the run that made it' : id;
  const again = `start ${owner} again (\`maft ${folder === 'comparisons' ? 'compare' : 'run'} SPECIFICATION --id ${folder === undefined ? 'RUN' : id}\`)`;
  const first = damage === 'missing' ? 'Restore it, or' : 'Restore it, or delete it and';
  return `${first} ${again}: it is made again from ${kind.from}`;
}

export function missingArtifact(key: string): ArtifactError {
  return new ArtifactError(`is missing from the store. ${cureOf(key, 'missing')}`, key, { isMissing: true });
}

/** @param how What is wrong with it, such as `its SHA-256 is …`. */
export function corruptArtifact(key: string, how: string, cause?: unknown): ArtifactError {
  return new ArtifactError(`is corrupt: ${how}; it is not used. ${cureOf(key, 'corrupt')}`, key, { cause });
}
