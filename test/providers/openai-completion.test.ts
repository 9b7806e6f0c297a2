/** What hosts really answer: which ends are good, which figures are known, whose answer it is. */
import { askedEndpoint, sampleRequest, type AskedEndpoint } from '../support/asked-endpoint';
import { endingOf, longestResponse, tooLargeEnding } from '../../src/domain/finish-reasons';
import { completionBody, json } from '../support/local-endpoint';

let endpoint: AskedEndpoint;
beforeAll(async () => {
  endpoint = await askedEndpoint();
});
afterAll(() => endpoint.close());

const answered = (body: object) => {
  endpoint.server.answer = json(200, { ...completionBody('36 #36'), ...body });
  return endpoint.complete();
};
const choice = (change: object) => ({
  choices: [{ index: 0, message: { role: 'assistant', content: '36 #36' }, finish_reason: 'stop', ...change }],
});

describe('a finish reason', () => {
  test.each(['stop', 'eos', 'eos_token', 'end', 'end_turn', 'STOP', 'COMPLETE'])('%s is a good end', async (reason) => {
    expect((await answered(choice({ finish_reason: reason }))).finishReason).toBe('stop');
  });

  test.each(['length', 'MAX_TOKENS', 'max_tokens', 'model_length'])('%s is a cut', async (reason) => {
    expect((await answered(choice({ finish_reason: reason }))).finishReason).toBe('length');
  });

  test.each(['content_filter', 'SAFETY', 'RECITATION', 'content-filter'])('%s is a filter', async (reason) => {
    expect((await answered(choice({ finish_reason: reason }))).finishReason).toBe('filtered');
  });

  test.each(['error', 'incomplete', 'tool_calls', 'abort', 'stopped?', 'constructor', '__proto__'])(
    '%s is not known as good, and keeps its name',
    async (reason) => {
      const { finishReason, reportedReason } = await answered(choice({ finish_reason: reason }));
      expect({ finishReason, reportedReason }).toEqual({ finishReason: 'other', reportedReason: reason });
    },
  );

  test('its name is one short line of plain characters', async () => {
    const { reportedReason } = await answered(choice({ finish_reason: `\u001b[31mbad\n${'x'.repeat(1000)}` }));
    expect(reportedReason).toMatch(/^[ -~]{1,40}$/);
  });

  test.each([
    ['fewer tokens than allowed: an end', { prompt_tokens: 21, completion_tokens: 8 }, 'stop'],
    ['as many tokens as allowed: a cut', { prompt_tokens: 21, completion_tokens: 96 }, 'length'],
    ['no count of tokens: unknown', null, 'other'],
  ])('that is null or left out, with %s', async (_kind, usage, finishReason) => {
    const expected = { finishReason, reportedReason: 'unreported' };
    expect(await answered({ ...choice({ finish_reason: null }), usage })).toMatchObject(expected);
    expect(await answered({ ...choice({ finish_reason: undefined }), usage })).toMatchObject(expected);
  });

  test('a refusal beside the content is a filter, whatever it ends with', async () => {
    const message = { role: 'assistant', content: null, refusal: 'I cannot help with that.' };
    expect(await answered(choice({ message }))).toMatchObject({ text: '', finishReason: 'filtered' });
  });
});

describe('a good answer is taken where', () => {
  test.each([
    ['usage is missing', undefined, { promptTokens: null, completionTokens: null }],
    ['usage is null', null, { promptTokens: null, completionTokens: null }],
    [
      'usage has null parts',
      { prompt_tokens: null, completion_tokens: 8 },
      { promptTokens: null, completionTokens: 8 },
    ],
    ['usage lacks a part', { completion_tokens: 8 }, { promptTokens: null, completionTokens: 8 }],
    ['usage says input and output', { input_tokens: 21, output_tokens: 8 }, { promptTokens: 21, completionTokens: 8 }],
    ['usage says 0', { prompt_tokens: 0, completion_tokens: 0 }, { promptTokens: null, completionTokens: null }],
  ])('%s: the missing figure is unknown', async (_kind, usage, expected) => {
    const completion = await answered({ usage });
    expect(completion).toMatchObject({ text: '36 #36', finishReason: 'stop' });
    expect(completion.usage).toEqual(expected);
  });

  test('its content comes in parts: the text is theirs, without what the model thought', async () => {
    const content = [
      { type: 'thinking', text: 'hm' },
      { type: 'text', text: '36 ' },
      { type: 'text', text: '#36' },
    ];
    expect((await answered(choice({ message: { role: 'assistant', content } }))).text).toBe('36 #36');
  });

  test('there is no content: it said nothing, which is data', async () => {
    expect((await answered(choice({ message: { role: 'assistant' } }))).text).toBe('');
  });

  test('choices come out of order: by index', async () => {
    const other = { index: 1, message: { content: 'second' }, finish_reason: 'stop' };
    const choices = [other, { index: 0, message: { content: 'first' }, finish_reason: 'stop' }];
    expect((await answered({ choices })).text).toBe('first');
  });
});

describe('books', () => {
  test.each([[-5], [1e308], [8.5], ['8']])('%p completion tokens are nonsense, and no count', async (tokens) => {
    endpoint.server.answer = json(200, {
      ...completionBody(),
      usage: { prompt_tokens: 21, completion_tokens: tokens },
    });
    const failure = await endpoint.failure();
    expect(failure).toMatchObject({ retryable: true, unreachable: false, isOutage: false });
    expect(failure.message).toContain('answered something other than a chat completion');
  });
});

describe('an answer by the name of', () => {
  const asked = sampleRequest.model;

  test.each([[undefined], [null], [''], [asked], ['GPT-Small']])('%p is taken', async (model) => {
    expect((await answered({ model })).text).toBe('36 #36');
  });

  test.each(['2024-07-18', '20240718'])(
    'the dated snapshot behind the name (%s) is taken, and recorded',
    async (date) => {
      expect((await answered({ model: `${asked}-${date}` })).answeredBy).toBe(`${asked}-${date}`);
    },
  );

  test.each(['base', `${asked}-mini`, `${asked}-instruct-2024-07-18`, 'small'])(
    'another model (%s) is an outage that says how to go on, and is asked once',
    async (model) => {
      endpoint.server.answer = json(200, { ...completionBody(), model });
      const failure = await endpoint.failure();
      expect(failure).toMatchObject({ retryable: false, isOutage: true });
      expect(failure.message).toContain(`was asked for "${asked}" and answered as "${model}"`);
      expect(failure.message).toContain(`{"${model}": "${asked}"}`);
    },
  );

  test('another model is taken where the configuration says that it is the same', async () => {
    endpoint.server.answer = json(200, { ...completionBody('36 #36'), model: 'vendor/small' });
    expect(await endpoint.complete({ wireNames: { 'vendor/small': asked } })).toMatchObject({
      answeredBy: 'vendor/small',
    });
    expect((await endpoint.complete({ wireNames: { [asked]: 'vendor/small' } })).text).toBe('36 #36');
  });
});

test('a response above the largest is an outcome of its own: the fact is kept and counted, not the text', async () => {
  const ofSize = (length: number) => choice({ message: { role: 'assistant', content: '7'.repeat(length) } });
  const { text, ...end } = await answered(ofSize(longestResponse + 1));
  expect({ text, ending: endingOf({ ...end, response: text }) }).toEqual({ text: '', ending: tooLargeEnding });
  expect((await answered(ofSize(longestResponse))).text).toHaveLength(longestResponse);
});
