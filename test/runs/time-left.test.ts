import { runToDo, TimeLeft, roughly, type RunToDo } from '../../src/runs/time-left';
import { resolveSpecification } from '../../src/specification';
import { resolveComparison } from '../../src/specification/comparison';

const run = (runId: string, changes: Partial<RunToDo> = {}): RunToDo => ({
  runId,
  adopted: 0,
  asked: 100,
  begunEarlier: false,
  ...changes,
});

describe('the time a comparison still takes', () => {
  it('is estimated by the calls that are left, once some have been seen', () => {
    let now = 0;
    const timeLeft = new TimeLeft([run('first'), run('second', { asked: 300 })], () => now);
    const look = (seconds: number, runId: string, calls: number) => {
      now = 1000 * seconds;
      timeLeft.saw([{ runId, calls }]);
      return timeLeft.secondsLeft([{ runId }]);
    };
    expect(look(0, 'first', 0)).toBeUndefined();
    expect(look(60, 'first', 50)).toBeCloseTo((60 / 50) * (50 + 300));
    expect(look(120, 'first', 100)).toBeCloseTo((120 / 100) * 300);
    expect(look(180, 'second', 100)).toBeCloseTo((180 / 200) * 200);
  });

  it('counts no call that was adopted: it took no time', () => {
    let now = 0;
    const timeLeft = new TimeLeft([run('adopting', { adopted: 1000 })], () => now);
    timeLeft.saw([{ runId: 'adopting', calls: 1000 }]);
    now = 10_000;
    timeLeft.saw([{ runId: 'adopting', calls: 1020 }]);
    expect(timeLeft.secondsLeft([{ runId: 'adopting' }])).toBeCloseTo(0.5 * 80);
  });

  it('learns nothing from a run that was begun earlier: what is stored is walked through in seconds', () => {
    let now = 0;
    const timeLeft = new TimeLeft([run('resumed', { begunEarlier: true }), run('next')], () => now);
    timeLeft.saw([{ runId: 'resumed', calls: 0 }]);
    now = 1000;
    timeLeft.saw([{ runId: 'resumed', calls: 90 }]);
    expect(timeLeft.secondsLeft([{ runId: 'resumed' }])).toBeUndefined();
    timeLeft.saw([{ runId: 'next', calls: 0 }]);
    now = 21_000;
    timeLeft.saw([{ runId: 'next', calls: 10 }]);
    expect(timeLeft.secondsLeft([{ runId: 'next' }])).toBeCloseTo(2 * 90);
  });

  it('takes the untuned evaluation for adopted where an earlier run of the comparison has made it', () => {
    const { groups } = resolveComparison({
      task: { kind: 'arithmetic', max: 10, train: 20, eval: 10 },
      model: { base: 'models/tiny-arithmetic' },
      methods: ['debate', 'multiagent-finetuning'],
      iterations: 2,
    });
    const [untuned, tuned] = groups('id')[0]!.runs.map(({ runId, specification }) =>
      runToDo(resolveSpecification(specification).specification, { runId, begunEarlier: false }),
    );
    // Of ten problems: a debate of 9 calls, 6 further samples of the vote over 9, and two other temperatures.
    expect(untuned).toMatchObject({ adopted: 0, asked: 10 * (9 + 6 + 2) });
    // Two training debates, one evaluation without and one with what stands beside it.
    expect(tuned).toMatchObject({ adopted: untuned!.asked, asked: 2 * 20 * 9 + 10 * 9 + 10 * (9 + 6 + 2) });
  });

  it('is said to the minute', () => {
    expect([10, 100, 3600, 6000].map(roughly)).toEqual(['1 min', '2 min', '1 h 0 min', '1 h 40 min']);
  });
});
