/** Registers the search attributes the workflows set, where that is allowed; an upsert of an unknown one would block a workflow for ever. */
import type { Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { searchAttributeTypes } from '../contract/names';

export interface SearchAttributeReport {
  present: string[];
  added: string[];
  /** With the server's reason, such as a missing permission. */
  missing: { name: string; reason: string }[];
}

type AttributeConnection = Pick<Connection, 'operatorService'>;

/** Looks first: adding one that is there is an error on some servers. Never throws for a refusal; a dead connection does. */
export async function registerSearchAttributes(
  connection: AttributeConnection,
  namespace: string,
): Promise<SearchAttributeReport> {
  const known = await connection.operatorService.listSearchAttributes({ namespace });
  const report: SearchAttributeReport = { present: [], added: [], missing: [] };
  for (const [name, type] of Object.entries(searchAttributeTypes)) {
    if (known.customAttributes?.[name] !== undefined) report.present.push(name);
    else await add({ connection, namespace, name, type }, report);
  }
  return report;
}

interface Attribute {
  connection: AttributeConnection;
  namespace: string;
  name: string;
  type: string;
}

async function add({ connection, namespace, name, type }: Attribute, report: SearchAttributeReport): Promise<void> {
  const searchAttributes = { [name]: indexedValueType(type) };
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    report.added.push(name);
  } catch (error) {
    report.missing.push({ name, reason: (error as { details?: string }).details ?? (error as Error).message });
  }
}

function indexedValueType(type: string): temporal.api.enums.v1.IndexedValueType {
  return temporal.api.enums.v1.IndexedValueType[
    `INDEXED_VALUE_TYPE_${type.toUpperCase()}` as keyof typeof temporal.api.enums.v1.IndexedValueType
  ];
}
