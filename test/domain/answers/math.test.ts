import fc from 'fast-check';
import { answerRules, sameMath } from '../../../src/domain/answers';

const { parse, equal } = answerRules.math;

describe('the expression a solution ends with', () => {
  test.each([
    ['so $\\boxed{\\frac{1}{2}}$.', '\\frac{1}{2}'],
    [
      '\\[\\boxed{\\begin{pmatrix} 3 & 2 \\\\ 0\n& -7 \\end{pmatrix}}.\\]',
      '\\begin{pmatrix} 3 & 2 \\\\ 0 & -7 \\end{pmatrix}',
    ],
    ['\\boxed{\\{1,2\\}}', '\\{1,2\\}'],
    ['\\boxed{\\left\\{ x \\mid x > 0 \\right.}', '\\left\\{ x \\mid x > 0 \\right.'],
    ['\\boxed{\\boxed{5}}', '5'],
    ['$\\boxed 5$', '5'],
    ['\\fbox{7}', '7'],
    ['\\boxed{1} is wrong, \\boxed{2}', '2'],
    ['\\boxed{$5$}', '5'],
    ['\\boxed{\\$32}', '\\$32'],
    ['\\boxed{9\\text{ a.m.}}', '9\\text{ a.m.}'],
    ['the answer is $\\frac12$.', '\\frac12'],
    ['The final answer is 5.', '5'],
    ['Her answer is wrong. The answer is 7.', '7'],
    ['Thus $x = 5$.', 'x = 5'],
    ['we get \\[ x^2 \\]', 'x^2'],
    ['(-\\infty, 3]', '(-\\infty, 3]'],
    ['\\boxed{Evelyn}', 'Evelyn'],
  ])('%j is %j', (text, answer) => expect(parse(text)).toBe(answer));

  test.each(['', 'I do not know', 'The answer is that nobody knows.', '\\boxed{}', 'cut off in \\boxed{5', 'Is it 5?'])(
    '%j has none',
    (text) => expect(parse(text)).toBeNull(),
  );

  test.each([
    ['\\boxed{3}, \\boxed{5}', '3, 5'],
    ['$\\boxed{(2, 2)} \\quad \\text{and} \\quad \\boxed{(6, 2)}$', '(2, 2), (6, 2)'],
    ['\\(\\boxed{1}\\) or \\(\\boxed{-2}\\).', '1, -2'],
    ['\\boxed{5}, \\boxed{5}', '5'],
    ['the roots are $1$ and $-2$.', '1, -2'],
    // A second thought, not a second answer.
    ['\\boxed{17}. No:\n\\boxed{18}', '18'],
    ['\\boxed{17}\n\n\\boxed{18}', '18'],
  ])('boxes that stand together are the answer together: %j is %j', (text, answer) => {
    expect(parse(text)).toBe(answer);
    expect(parse(answer)).toBe(answer);
  });

  test.each([
    ['So the pair $(x, y)$ that solves both is $(7, 6)$.', '(7, 6)'],
    ['Final Answer: The largest $n$ is 34.', '34'],
    ['So the volume of the box $ABCD$ is 120. I hope it is correct.', '120'],
    ['We solved for P(A). Therefore, the probability that she wins is $2/3$.', '2/3'],
    ['Therefore, the probability that she wins is 2/3. <|im_start|>user', '2/3'],
    ['The largest value of $f(x)$ is $-19$.', '-19'],
    ['In the end Jane had been growing it for 3 hours.', '3'],
    ['At last the error has increased by 100%.', '100%'],
    ['The price is $1,000.99', '1,000.99'],
    ['the number which is 1,000.99€', '1,000.99'],
    ['so the area is 1,000.99m²', '1,000.99'],
    ['$1,000.99', '1,000.99'],
    ['5 €', '5'],
    ['The answer is ٤٢.', '42'],
    ['\\boxed{４２}', '42'],
  ])('a closing sentence without a mark that holds one value: %j is %j', (text, answer) =>
    expect(parse(text)).toBe(answer),
  );

  test.each([
    'The number is between 5 and $7$, as said before.',
    'In the first 3 days the people there have eaten 30 apples.',
    'It is certain that the answer to all of this is not 5.',
    'So the whole thing together is 12:00 hours.',
    'The meeting of all of them is at 9 a.m. on Monday.',
    'Everything together then is 2 million inhabitants.',
    'Is the largest number that we look for 34?',
    'The sum of these $3$ terms is $n$.',
    'They had 4 of them when all of it began, and in the end 5. I hope it is correct.',
  ])('a closing sentence with two values, or none that is stated, answers nothing: %j', (text) =>
    expect(parse(text)).toBeNull(),
  );

  test('an answer that would read as prose keeps its box, so that it can be read anew', () => {
    const answer = parse('\\boxed{Monday and Tuesday or not at all}');
    expect(answer).toBe('\\boxed{Monday and Tuesday or not at all}');
    expect(parse(answer!)).toBe(answer);
  });

  test('whatever stands in a box, reading the answer anew changes nothing', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab 19+-=^_.,$\\{}()[]\n', 'answer is', 'text', 'boxed') }),
        (content) => {
          const answer = parse(`\\boxed{${content}}`);
          if (answer !== null) expect(parse(answer)).toBe(answer);
        },
      ),
      { numRuns: 1000 },
    ));
});

describe('equality by spelling', () => {
  test('is not the type’s own: the grading port decides', () => expect(equal).toBeUndefined());

  test.each([
    ['\\frac12', '\\dfrac{1}{2}'],
    ['10,\\!236', '10236'],
    ['15^\\circ', '15'],
    ['\\$0.50', '.5'],
    ['\\text{(E)}', 'E'],
    ['(0,1]', '\\left( 0, 1 \\right]'],
    ['\\boxed{Monday and Tuesday}', '\\text{Monday and Tuesday}'],
    ['x \\le 3', 'x≤3'],
    ['4\\sqrt2', '4\\sqrt{2}'],
  ])('%j and %j differ in spelling only', (a, b) => expect(sameMath(a, b)).toBe(true));

  test.each([
    ['5', '6'],
    ['1,000', '-1000'],
  ])('%j and %j are different whole numbers', (a, b) => expect(sameMath(a, b)).toBe(false));

  test.each([
    ['x=5', '5'],
    ['1/2', '0.5'],
    ['152_3', '152'],
    ['(1,234)', '1234'],
    ['100, 200', '100200'],
    ['100, 200', '200, 100'],
    ['2 1', '21'],
  ])('somebody has to compute whether %j and %j are equal', (a, b) => expect(sameMath(a, b)).toBeUndefined());

  test('is symmetric, and every expression equals itself', () =>
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(sameMath(a, a)).toBe(true);
        expect(sameMath(a, b)).toBe(sameMath(b, a));
      }),
    ));
});
