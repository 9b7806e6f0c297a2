/** The stage after the last iteration of a run on a line: is its society taken? (docs/decisions, 27) */
import { light } from './activity-proxies';
import { outlastingOutages } from './outages';
import type { RunContext } from './run-context';
import { report } from './stages';

/** Does nothing for a run without a line, and for one that has evaluated nothing. */
export async function promote(run: RunContext): Promise<void> {
  const { plan, gate, finished: iteration } = run;
  const { line } = plan;
  if (line === undefined || iteration < 0) return;
  await run.inStage('promote', iteration, 1, async () => {
    const judgement = await outlastingOutages(gate, () => light.judgePromotion({ plan, iteration }));
    const isAsked = judgement.verdict === 'ask' && judgement.decided === undefined;
    const approval = isAsked ? await run.approvals.ask(judgement.question, line, run.deadline) : undefined;
    const record = () => light.recordPromotion({ plan, judgement, approval });
    run.promoted(await outlastingOutages(gate, record));
    run.advance(1);
  });
  await report(run, iteration);
}
