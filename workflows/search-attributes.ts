/** What runs, comparisons and evaluations are found by. */
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { searchAttributeTypes } from '../src/contract/names';

const indexedTypes = { Keyword: 'KEYWORD', Int: 'INT', Double: 'DOUBLE', Bool: 'BOOL' } as const;

/**
 * Sets one of ours.
 *
 * @param registered What the namespace knows: an attribute it does not know would block the workflow task for ever.
 */
export function setSearchAttribute(
  registered: readonly string[] | undefined,
  name: keyof typeof searchAttributeTypes,
  value: string | number | boolean,
): void {
  if (registered?.includes(name) !== true) return;
  const key = defineSearchAttributeKey(name, indexedTypes[searchAttributeTypes[name]]);
  upsertSearchAttributes([{ key, value } as SearchAttributePair]);
}
