import { InvalidRunSpec } from '../../src/errors';
import { compactInstructions, instructionOf, wordedInstructions } from '../../src/prompts/instructions';
import {
  firstRoundMessages,
  hintedMessages,
  laterRoundMessages,
  promptSet,
  promptSetNames,
  summaryMessages,
} from '../../src/prompts';

const compact = promptSet('compact', 'arithmetic');
const paper = promptSet('paper', 'arithmetic');
const question = '3+2*7+5-4*9';
const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
const first = { messages: firstRoundMessages(compact, { question }), response: 'own #22' };

describe('the compact set speaks the formats the tiny model was pretrained on', () => {
  test('answer', () => expect(first.messages).toEqual([user('3+2*7+5-4*9=?')]));
  test('summarise', () =>
    expect(summaryMessages(compact, ['a #-14', 'b #-13'])).toEqual([user('List:\na #-14\nb #-13')]));
  test("revise: question, own response, the others' answers and the question restated", () =>
    expect(
      laterRoundMessages(compact, { question, previous: first, summary: '-14, -13', othersResponses: ['a', 'b'] }),
    ).toEqual([user('3+2*7+5-4*9=?'), assistant('own #22'), user('Others: -14, -13. 3+2*7+5-4*9=?')]));
  test('revise without summaries', () =>
    expect(laterRoundMessages(compact, { question, previous: first, othersResponses: ['a', 'b'] }).at(-1)).toEqual(
      user('Others: a\nb. 3+2*7+5-4*9=?'),
    ));
});

test('the paper set is what it was: a changed prompt is a new version of every result', () => {
  expect(firstRoundMessages(paper, { question })).toEqual([
    user('What is the result of 3+2*7+5-4*9? Make sure to state your answer at the end of the response.'),
  ]);
  expect(summaryMessages(paper, ['x', 'y'])).toEqual([
    user(
      'Here is a list of opinions from different agents:\n\nOne agent response: ```x```\n\nOne agent response: ```y```\n\n' +
        'Write a summary of the different opinions from each of the individual agents and explain the reasoning in each solution.',
    ),
  ]);
  expect(
    laterRoundMessages(paper, {
      question,
      previous: { messages: [], response: 'r' },
      summary: 'S',
      othersResponses: ['x'],
    }).at(-1),
  ).toEqual(
    user(
      'Here is a summary of solutions from several other agents:\n\nS\n\nExamine each of these solutions as additional advice. ' +
        'What is the result of 3+2*7+5-4*9? Give your updated answer and explain your reasoning. ' +
        'Make sure to state your answer at the end of the response.',
    ),
  );
});

test('MATH is asked in the authors’ words, slips included', () => {
  const math = promptSet('paper', 'math');
  const boxed = 'Your final answer should be be in the form \\boxed{answer} given at the end of your response.';
  const chat = (heard: object) =>
    laterRoundMessages(math, {
      question: '1+1?',
      previous: { messages: [], response: 'r' },
      othersResponses: ['x', 'y'],
      ...heard,
    }).at(-1)!.content;
  expect(firstRoundMessages(math, { question: '1+1?' })[0]!.content).toBe(
    'Can you solve the following math problem? 1+1? Provide a bullet point summary of your reasoning. Your final answer ' +
      'should be a single answer, in the form \\boxed{answer}, at the end of your response.',
  );
  expect(summaryMessages(math, ['x', 'y'])[0]!.content).toBe(
    'Here are a list of opinions from different agents: \n\n One agent response: ```x```\n\n One agent response: ```y```\n\n ' +
      'Write a summary of the different opinions from each of the individual agent and explain the reasoning in each solution.',
  );
  expect(chat({ summary: 'S' })).toBe(
    'Here is a summary of solutions from several other agents: S\n\n Examine each these solutions as additional advice, can ' +
      `solve 1+1? and give your updated answer? Explain your reasoning. \n ${boxed}`,
  );
  expect(chat({})).toBe(
    'Here is are solution from other agents: \n\n One agent response: x\n\n One agent response: y\n\n Using each response ' +
      `as additional advice, can you give an updated bullet by bullet answer to 1+1?? ${boxed}`,
  );
  expect(chat({ othersResponses: [] })).toBe(
    'Can you double check that your answer is correct? Please reiterate your answer, with your final answer a single ' +
      'answer of the form \\boxed{answer} at the end of your response.',
  );
});

test('round 3 goes on in the same chat: what was asked in round 2 stays, and roles alternate', () => {
  const second = {
    messages: laterRoundMessages(compact, { question, previous: first, summary: '1', othersResponses: ['a'] }),
    response: 'own #23',
  };
  const third = laterRoundMessages(compact, { question, previous: second, summary: '2', othersResponses: ['b'] });
  expect(third).toEqual([
    user('3+2*7+5-4*9=?'),
    assistant('own #22'),
    user('Others: 1. 3+2*7+5-4*9=?'),
    assistant('own #23'),
    user('Others: 2. 3+2*7+5-4*9=?'),
  ]);
});

test.each(promptSetNames())('%s: a later round restates the question, alone or among others', (name) => {
  const prompts = promptSet(name, 'arithmetic');
  for (const others of [
    { summary: 's', othersResponses: ['a'] },
    { othersResponses: ['a'] },
    { othersResponses: [] },
  ]) {
    expect(laterRoundMessages(prompts, { question, previous: first, ...others }).at(-1)!.content).toContain(question);
  }
});

test.each(promptSetNames())(
  '3. %s: a summary request holds the given responses and nothing else of the debate',
  (name) => {
    const prompts = promptSet(name, 'arithmetic');
    const [message] = summaryMessages(prompts, ['OTHER-1', 'OTHER-2']);
    expect(message!.content).toContain('OTHER-1');
    expect(message!.content).toContain('OTHER-2');
    expect(message!.content).not.toContain(question);
    expect(summaryMessages(prompts, ['OTHER-1'], question)[0]!.content).toContain(question);
  },
);

test('a single member is asked to check itself, without anybody else in the prompt', () => {
  const alone = { question, previous: first, othersResponses: [] };
  expect(laterRoundMessages(paper, alone).at(-1)!.content).toMatch(
    /^Can you double check that your answer is correct\?/,
  );
  expect(laterRoundMessages(compact, alone).at(-1)!.content).toBe('3+2*7+5-4*9=?');
});

test('what a model wrote is never taken for a placeholder', () =>
  expect(
    laterRoundMessages(compact, {
      question,
      previous: first,
      summary: '{question} $& {summary}',
      othersResponses: ['a'],
    }).at(-1)!.content,
  ).toBe('Others: {question} $& {summary}. 3+2*7+5-4*9=?'));

test('an unknown set or task is refused with what there is', () => {
  expect(() => promptSet('papr', 'arithmetic')).toThrow(InvalidRunSpec);
  expect(() => promptSet('papr', 'arithmetic')).toThrow(/paper, compact/);
  expect(() => promptSet('compact', 'chess')).toThrow(/no prompts for the task chess/);
});

describe('instructions precede the first prompt of each agent', () => {
  const worded = (settings: Parameters<typeof instructionOf>[1], agent: string) =>
    instructionOf(wordedInstructions, settings, agent);

  test('none is nothing at all, byte for byte', () => {
    expect(worded('none', 'critic-2')).toBe('');
    expect(firstRoundMessages(compact, { question, instruction: '' })).toEqual(first.messages);
  });

  test('unique-id begins with the identity and says what the role is for', () => {
    expect(worded('unique-id', 'generation-2')).toMatch(/^GEN2\nYou are a generation agent/);
    expect(worded('unique-id', 'critic-12')).toMatch(/^CRIT12\nYou are a critic agent/);
    expect(instructionOf(compactInstructions, 'unique-id', 'critic-1')).toBe('CRIT1\n');
  });

  test('varied gives neighbours different styles, and begins anew when there are more members than styles', () => {
    const styles = [1, 2, 3, 4, 5, 6].map((member) => worded('varied', `generation-${member}`));
    expect(new Set(styles.slice(0, 5)).size).toBe(5);
    expect(styles[5]).toBe(styles[0]);
  });

  test('one`s own: a text per role or one per member; a role without one has none', () => {
    const own = { generation: ['You are {member}, the first.', 'Second.', 'Third.'] };
    expect(worded(own, 'generation-1')).toBe('You are 1, the first.\n\n');
    expect(worded(own, 'generation-3')).toBe('Third.\n\n');
    expect(worded(own, 'critic-1')).toBe('');
  });

  test('a critic`s stands before its own request, behind the chat it was asked in', () => {
    const previous = { messages: [{ role: 'user' as const, content: 'GEN1\n3+2*7+5-4*9=?' }], response: 'own #22' };
    const messages = laterRoundMessages(compact, {
      question,
      previous,
      summary: 's',
      othersResponses: ['a'],
      instruction: 'CRIT1\n',
    });
    expect(messages.map(({ content }) => content.split('\n')[0])).toEqual(['GEN1', 'own #22', 'CRIT1']);
  });
});

test('a hint shows the reference answer and the whole first prompt', () => {
  const [message] = hintedMessages(paper, { question, reference: '-14' });
  expect(message!.content).toContain(firstRoundMessages(paper, { question })[0]!.content);
  expect(message!.content).toContain('the final answer is -14');
});

test('a system prompt comes first and stays first in later rounds; the summariser has its own', () => {
  const set = promptSet({ base: 'compact', system: 'Be exact.', summarySystem: 'Be short.' }, 'arithmetic');
  const messages = firstRoundMessages(set, { question });
  expect(messages[0]).toEqual({ role: 'system', content: 'Be exact.' });
  const later = laterRoundMessages(set, { question, previous: { messages, response: 'x' }, othersResponses: ['y'] });
  expect(later.filter(({ role }) => role === 'system')).toHaveLength(1);
  expect(summaryMessages(set, ['a'])[0]).toEqual({ role: 'system', content: 'Be short.' });
});
