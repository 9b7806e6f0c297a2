/**
 * The text by which two questions count as the same one: lower case, composed Unicode, single spaces. Splits are disjoint
 * by this as well as by id, because published data sets repeat questions under other ids and with other spacing.
 */
export function normalisedText(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
}
