/** The purse of a whole run: opened with what the store says is spent, changed by the update `setLimits`, at its end a pause. */
import { ApplicationFailure, condition, currentUpdateInfo, isCancellation, setHandler } from '@temporalio/workflow';
import type { SetLimitsInput, WrittenCaps } from '../src/contract/limits';
import type { RunPlan } from '../src/contract/run';
import { Account } from '../src/domain/account';
import { capsFrom, minus, namesOfParts, type SpendingPart } from '../src/domain/spending';
import { light } from './activity-proxies';
import { setLimitsUpdate } from './messages';
import { outlastingOutages } from './outages';
import type { PauseGate } from './pause-gate';
import { createPurse, type Purse } from './purse';
import { fieldsOf, reasonLine } from './signal-input';

export interface Treasury {
  /** Absent without limits, and until it is opened. */
  readonly purse: Purse | undefined;
  /** Asked before the run pauses at a cap, with the reason: whether it has been ended instead. Default: no. */
  atCap: (why: string) => boolean;
  /** Does nothing for a run without limits. */
  open(plan: RunPlan): Promise<void>;
}

/** Installs the handler of `setLimits`. Call before anything is awaited. */
export function createTreasury(gate: PauseGate, onChange: () => void): Treasury {
  let opened: { purse: Purse; plan: RunPlan; decided: number } | undefined;

  const handler = async (input: SetLimitsInput): Promise<string> => {
    if (opened === undefined) throw noLimits();
    const { purse, plan } = opened;
    const run = { runId: plan.runId, recordDigest: plan.recordDigest };
    const request = { ...run, update: setLimitsInput(input), updateId: currentUpdateInfo()?.id ?? '' };
    const { number, caps } = await light.recordLimits(request);
    if (number > opened.decided) {
      opened.decided = number;
      purse.account.setLimit(caps);
      purse.serve();
    }
    onChange();
    if (gate.paused && gate.reason?.startsWith('limits.') === true && purse.stuckAt === undefined) await gate.resume();
    return `${whatHolds(purse)}${gate.paused ? '; the run is paused' : ''}`;
  };
  setHandler(setLimitsUpdate, handler, {
    validator: (input: unknown) => {
      if (opened === undefined) throw noLimits();
      const { limits } = setLimitsInput(input);
      if (limits.usd === undefined || opened.plan.limits?.caps.nanoUsd !== undefined) return;
      throw refusal(
        'limits.usd: the run began without that limit, so it holds no prices: limit tokens or calls instead',
      );
    },
  });

  const treasury: Treasury = {
    get purse() {
      return opened?.purse;
    },
    atCap: () => false,
    async open(plan) {
      if (plan.limits === undefined) return;
      const { spent, open, caps } = await outlastingOutages(gate, () => light.readSpending({ plan }));
      const purse = createPurse(plan.limits, new Account(caps, { spent, before: open }));
      opened = { purse, plan, decided: 0 };
      void pauseAtCap(purse, { plan, gate, treasury }).catch((error: unknown) => {
        // A run that is cancelled needs no pause.
        if (!isCancellation(error)) throw error;
      });
    },
  };
  return treasury;
}

/** What happens at a cap: nothing is in flight, and the next action does not fit. */
async function pauseAtCap(
  purse: Purse,
  { plan, gate, treasury }: { plan: RunPlan; gate: PauseGate; treasury: Treasury },
): Promise<void> {
  for (;;) {
    await condition(() => purse.stuckAt !== undefined && !gate.paused);
    const { stuckAt } = purse;
    if (stuckAt === undefined) continue;
    const reason = reasonOf(purse, stuckAt);
    if (treasury.atCap(reason)) return;
    await gate.pauseSelf(`${reason}: ${cureOf(stuckAt, plan.runId)}`);
  }
}

function reasonOf(purse: Purse, { needs, parts }: NonNullable<Purse['stuckAt']>): string {
  const { caps, spent, reserved } = purse.progress();
  const sentences = parts.map((part) => {
    const { setting, text } = namesOfParts[part];
    return (
      `limits.${setting}: ${text(spent[part])} of ${text(caps[part] ?? 0)} are spent and ${text(reserved[part])} reserved, ` +
      `and the next step may take ${text(needs[part])} more`
    );
  });
  return sentences.join('; ');
}

function cureOf({ parts }: NonNullable<Purse['stuckAt']>, runId: string): string {
  const options = parts.map((part) => `--${optionOf(part)} N`).join(' ');
  return `\`maft limits ${runId} ${options}\` raises it, and the run goes on`;
}

function optionOf(part: SpendingPart): string {
  return namesOfParts[part].setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function whatHolds(purse: Purse): string {
  const { caps } = purse.account;
  const used = purse.account.used();
  const reserved = purse.account.reserved();
  return (Object.keys(caps) as SpendingPart[])
    .map((part) => {
      const { setting, text } = namesOfParts[part];
      return `limits.${setting} is ${text(caps[part] ?? 0)}, of which ${text(minus(used, reserved)[part])} are spent`;
    })
    .join('; ');
}

const settings: readonly (keyof WrittenCaps)[] = ['usd', 'gpuHours', 'tokens', 'calls'];

/** Updates may contain anything. Throws for one that does not say what, who and why. */
function setLimitsInput(input: unknown): SetLimitsInput {
  const given = fieldsOf(input);
  const limits = fieldsOf(given.limits);
  const [by, why] = [given.by, given.why].map((value) => (typeof value === 'string' ? reasonLine(value) : undefined));
  const unknown = Object.keys(limits).find((name) => !settings.includes(name as keyof WrittenCaps));
  if (unknown !== undefined) throw refusal(`limits: ${JSON.stringify(unknown)} is none of ${settings.join(', ')}`);
  for (const [name, value] of Object.entries(limits)) {
    const isCounted = name === 'tokens' || name === 'calls';
    if (typeof value === 'number' && value > 0 && (isCounted ? Number.isInteger(value) : Number.isFinite(value)))
      continue;
    throw refusal(`limits.${name}: ${JSON.stringify(value)} is no positive ${isCounted ? 'integer' : 'number'}`);
  }
  if (Object.keys(capsFrom(limits as WrittenCaps)).length > 0 && by !== undefined && why !== undefined)
    return { limits: limits as WrittenCaps, by, why };
  throw refusal('the update setLimits must be {"limits": {"usd": 20}, "by": "who", "why": "a reason"}');
}

function refusal(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'InvalidLimits');
}

function noLimits(): ApplicationFailure {
  return ApplicationFailure.nonRetryable('the run has no limits, or has not begun: it cannot be given any', 'NoLimits');
}
