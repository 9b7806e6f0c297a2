/** The claims, each with its verdict first: a claim alone says nothing. A list, not a table: claims are sentences. */
import { list, prose, section, type Item, type Section } from '../../pages/page';
import type { ComparisonReport } from '../build';
import type { StatedClaim } from '../claims';
import { byTask } from './tasks';

/** Null if nothing is claimed. */
export function claimsSection({ claims, tasks }: ComparisonReport): Section | null {
  const lists = byTask(tasks, (task) => [list('statements', (claims[task] ?? []).map(claimItem))]);
  if (lists.length === 0) return null;
  return section('claims', 'What is claimed, and whether these runs show it', [...lists, prose(rule)]);
}

const rule =
  'A claim is shown where the mean difference is as large as claimed, both 95 % intervals lie above 0 and the exact test over all problems has p < 0.05; with fewer than three seeds it is judged by their problems, pooled, for these seeds only. The opposite is shown by the same rule. Not corrected for their number.';

function claimItem({ sentence, standing, numbers, remarks }: StatedClaim): Item {
  return { verdict: standing, text: sentence, numbers: numbers ?? '', remarks: remarks.join('; ') };
}
