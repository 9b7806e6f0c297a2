/** Registers the search attributes that workflows set, if allowed; setting an unknown one would block a workflow for ever. */
import type { Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { searchAttributeTypes } from '../../contract/names';

export interface SearchAttributeReport {
  present: string[];
  added: string[];
  /** With the server's reason, such as a missing permission. */
  missing: { name: string; reason: string }[];
}

type AttributeConnection = Pick<Connection, 'operatorService'>;

/** Adds only missing ones: adding an existing one is an error on some servers. Throws for a dead connection, not a refusal. */
export async function registerSearchAttributes(
  connection: AttributeConnection,
  namespace: string,
): Promise<SearchAttributeReport> {
  const report: SearchAttributeReport = { present: [], added: [], missing: [] };
  const known = await listSearchAttributes(connection, namespace).catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
    const reason = `the server does not let them be listed: ${reasonOf(error)}`;
    report.missing = Object.keys(searchAttributeTypes).map((name) => ({ name, reason }));
    return undefined;
  });
  if (known === undefined) return report;
  for (const [name, type] of Object.entries(searchAttributeTypes)) {
    const registered = known[name];
    if (registered === undefined) await add({ connection, namespace, name, type }, report);
    else if (registered === indexedValueType(type)) report.present.push(name);
    else report.missing.push({ name, reason: `it is registered with another type than ${type}` });
  }
  return report;
}

/**
 * Names of our search attributes that the namespace has, with the types they are set with: a value of another type would be
 * refused for ever, too. Throws if the server does not answer, or refuses (`isRefusal`).
 */
export async function usableSearchAttributes(connection: AttributeConnection, namespace: string): Promise<string[]> {
  const known = await listSearchAttributes(connection, namespace);
  const ours = Object.entries(searchAttributeTypes);
  return ours.filter(([name, type]) => known[name] === indexedValueType(type)).map(([name]) => name);
}

async function listSearchAttributes(
  connection: AttributeConnection,
  namespace: string,
): Promise<Record<string, temporal.api.enums.v1.IndexedValueType>> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return customAttributes ?? {};
}

// Status codes of gRPC.
const grpcPermissionDenied = 7;
const grpcUnimplemented = 12;

/** The server answers but refuses this request: no permission (as on a hosted server), or no operator service. */
export function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: number };
  return code === grpcPermissionDenied || code === grpcUnimplemented;
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
    report.missing.push({ name, reason: reasonOf(error) });
  }
}

function reasonOf(error: unknown): string {
  return (error as { details?: string }).details ?? (error as Error).message;
}

function indexedValueType(type: string): temporal.api.enums.v1.IndexedValueType {
  return temporal.api.enums.v1.IndexedValueType[
    `INDEXED_VALUE_TYPE_${type.toUpperCase()}` as keyof typeof temporal.api.enums.v1.IndexedValueType
  ];
}
