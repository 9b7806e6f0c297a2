import { barAtLook, errorAtLook, errorOfHeldOutSet, shareOfError } from '../../../src/domain/lines/spending';

test('all looks together spend the error of a held-out set, however many there are', () => {
  let spent = 0;
  for (let look = 1; look <= 200_000; look += 1) spent += shareOfError(look);
  // What is left after look K is the integral's: 1 / ln(K + 1.5), to within its own error.
  expect(spent + 1 / Math.log(200_001.5) / 2.109742801236892).toBeCloseTo(1, 6);
  expect(spent).toBeLessThan(1);
});

test('the first look asks for what a single test does, and every further one for more', () => {
  expect(barAtLook(1)).toBeCloseTo(0.0493, 4);
  for (let look = 1; look < 400; look += 1) expect(barAtLook(look + 1)).toBeLessThan(barAtLook(look));
});

test('from the fifth look on, the bar is above that of a series that falls with the square', () => {
  const bySquare = (look: number) => (errorOfHeldOutSet * 6) / (Math.PI * look) ** 2;
  expect(errorAtLook(4)).toBeLessThan(bySquare(4));
  for (let look = 5; look <= 365; look += 1) expect(errorAtLook(look)).toBeGreaterThan(bySquare(look));
});

test.each([0, -1, 1.5])('%d is no look', (look) => expect(() => shareOfError(look)).toThrow(RangeError));
