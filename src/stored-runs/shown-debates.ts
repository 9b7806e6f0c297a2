/**
 * Debates as reports read them. The first report on an iteration reads its transcripts; it keeps what later reports need,
 * so that these read a few small files of each earlier iteration. Kept files say which transcripts they were made of, and
 * hold the debates as they are, so no rule of the report is in them.
 */
import { publishSealed, readSealed } from '../artifacts/sealed';
import type { ShardOutcome } from '../contract/run';
import type { Split, Transcript } from '../contract/transcript';
import { iterationKeys } from '../domain/keys';
import { outlineOf, type DebateOutline } from '../report/sample-debates';
import type { StoredRun } from './stored-run';

interface Kept<Value> {
  /** SHA-256 (hex) of the transcripts. */
  of: string;
  value: Value;
}

/** A closed shard, and where in the run it is. */
export interface ClosedShard {
  iteration: number;
  split: Split;
  outcome: ShardOutcome;
}

export class ShownDebates {
  /** By digest: each file is parsed once. */
  private readonly parsed = new Map<string, Promise<Transcript[]>>();

  constructor(private readonly run: StoredRun) {}

  /** All debates of a shard, without their texts. */
  outlines(shard: ClosedShard): Promise<DebateOutline[]> {
    return this.kept(iterationKeys.outlines(this.placeOf(shard)), shard, (debates) => debates.map(outlineOf));
  }

  /** One debate of a shard; null if the shard has none on the problem. */
  debate(shard: ClosedShard, problemId: string): Promise<Transcript | null> {
    const key = iterationKeys.shownDebate({ ...this.placeOf(shard), problemId });
    return this.kept(key, shard, (debates) => debates.find((each) => each.problemId === problemId) ?? null);
  }

  /** What was kept of other transcripts, which were lost since and made again, is neither used nor replaced. */
  private async kept<Value>(
    key: string,
    { outcome: { transcripts } }: ClosedShard,
    make: (debates: Transcript[]) => Value,
  ): Promise<Value> {
    const of = transcripts.sha256;
    const known = await readSealed<Kept<Value>>(this.run.store, key);
    if (known?.of === of) return known.value;
    const debates = this.parsed.get(of) ?? this.run.transcripts([{ transcripts }]);
    this.parsed.set(of, debates);
    const value = make(await debates);
    if (known === undefined) await publishSealed<Kept<Value>>(this.run.store, key, { of, value });
    return value;
  }

  private placeOf({ iteration, split, outcome: { shard } }: ClosedShard) {
    return { runId: this.run.record.runId, iteration, split, shard };
  }
}
