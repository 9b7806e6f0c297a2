/** However actions overlap, get lost and end: what may have been spent never exceeds the cap. */
import fc from 'fast-check';
import type { Spending } from '../../src/contract/limits';
import { Account } from '../../src/domain/account';
import { between, nothing, plus, times } from '../../src/domain/spending';

const tokens = (amount: number): Spending => ({ ...nothing, calls: 1, tokens: amount });

/** One step: a new action wants to begin, or one of those in flight ends, or its call is lost and it needs another. */
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('begin', 'begin', 'begin', 'end', 'lose'),
    bill: fc.integer({ min: 0, max: 9 }),
    worst: fc.integer({ min: 1, max: 400 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    which: fc.nat(),
  }),
  { maxLength: 1500 },
);

test('at 256 actions in flight, with lost calls, in any order', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 60_000 }), (walk, cap) => {
      const account = new Account({ tokens: cap });
      const inFlight: { bill: string; worst: number; charges: number[] }[] = [];
      let spent = 0;
      for (const { kind, bill, worst, share, which } of walk) {
        const id = `problem-${bill}`;
        account.open(id);
        if (kind === 'begin') {
          if (inFlight.length >= 256 || account.exceededBy(id, tokens(worst)).length > 0) continue;
          account.hold(id, tokens(worst));
          inFlight.push({ bill: id, worst, charges: [] });
        } else if (inFlight.length > 0) {
          const index = which % inFlight.length;
          const action = inFlight[index]!;
          const took = Math.floor(action.worst * share);
          if (kind === 'lose') {
            // The lost call may have been charged for; another is made only if its worst case fits, too.
            if (account.exceededBy(action.bill, tokens(action.worst)).length > 0) continue;
            account.hold(action.bill, tokens(action.worst));
            action.charges.push(took);
          } else {
            inFlight.splice(index, 1);
            const charged = took + action.charges.reduce((sum, charge) => sum + charge, 0);
            account.settle(action.bill, times(tokens(action.worst), action.charges.length + 1), tokens(charged));
            spent += charged;
          }
        }
        const possible = inFlight.reduce((sum, each) => sum + each.worst * (each.charges.length + 1), spent);
        expect(possible).toBeLessThanOrEqual(cap);
        expect(account.used().tokens).toBe(possible);
      }
    }),
    { numRuns: 150 },
  );
});

test('what parts are granted, and spend of it, never exceeds what the run has', () => {
  const parts = fc.array(
    fc.record({
      needs: fc.integer({ min: 1, max: 50 }),
      more: fc.nat(2000),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 8 }), (asked, cap, shares) => {
      const account = new Account({ tokens: cap });
      const open: { id: string; granted: number; share: number }[] = [];
      let spent = 0;
      asked.forEach(({ needs, more, share }, index) => {
        const id = `part-${index}`;
        if (open.length === shares) {
          const closing = open.shift()!;
          const charged = Math.floor(closing.granted * closing.share);
          account.close(closing.id, tokens(charged));
          spent += charged;
        }
        account.open(id);
        if (account.exceededBy(id, tokens(needs)).length > 0) return account.close(id);
        const granted = account.shareOf(tokens(needs), tokens(needs + more), shares);
        expect(granted.tokens).toBeGreaterThanOrEqual(needs);
        account.hold(id, granted);
        open.push({ id, granted: granted.tokens, share });
        expect(open.reduce((sum, part) => sum + part.granted, spent)).toBeLessThanOrEqual(cap);
      });
    }),
    { numRuns: 200 },
  );
});

test('what was spent before a new start is counted once, and found again for nothing', () => {
  const before = { 'run/a': tokens(30), 'run/a/deep': tokens(5), 'run/b': tokens(20) };
  const account = new Account({ tokens: 100 }, { spent: tokens(60), before });
  expect(account.open('run/a')).toMatchObject({ spent: { tokens: 35 }, below: { 'run/a/deep': { tokens: 5 } } });
  expect(account.used().tokens).toBe(60);
  account.hold('run/a', tokens(40));
  expect(account.used().tokens).toBe(65);
  account.settle('run/a', tokens(40), tokens(36));
  account.close('run/a', tokens(36));
  expect(account.used().tokens).toBe(61);
  account.open('run/b');
  account.close('run/b');
  expect(account.used().tokens).toBe(61);
});

test('a share lies between need and want, and is as large as fits', () => {
  const amount = (calls: number, of: number): Spending => ({ ...nothing, calls, tokens: of });
  expect(between(amount(1, 10), amount(5, 50), { calls: 3, tokens: 1000 })).toEqual(amount(3, 30));
  expect(between(amount(1, 10), amount(5, 50), { calls: 0 })).toEqual(amount(1, 10));
  expect(between(amount(1, 10), amount(5, 50), {})).toEqual(plus(amount(5, 50)));
});
