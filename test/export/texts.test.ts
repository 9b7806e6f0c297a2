/** Cards, Modelfiles and commands as text: what users wrote stays text, whatever it spells. */
import { parse } from 'yaml';
import { nextCommands, type CommandedAgent } from '../../src/export/commands';
import { frontMatter, isOwnCard, termsIn } from '../../src/export/front-matter';
import type { ExportedAgent } from '../../src/export/facts';
import { codeBlock, codeSpan, escapeMarkdown, markdownTable } from '../../src/export/markdown';
import { modelfile } from '../../src/export/modelfile';

const agent = (changes: Partial<CommandedAgent> = {}): CommandedAgent => ({
  ...{ name: 'critic-1', folder: '/out/critic-1', form: 'adapter', rank: 4, base: { name: 'acme/tiny' } },
  ...changes,
});
const commands = (agents: CommandedAgent[], as: 'vllm' | 'ollama' | 'gguf' = 'vllm') =>
  nextCommands(agents, { as, society: 'Run.A@2', python: 'python', converter: 'convert_hf_to_gguf.py' });

test.each([
  ['a *b* _c_ [d](e) <f> & `g` | h', 'a \\*b\\* \\_c\\_ \\[d\\]\\(e\\) &lt;f&gt; &amp; \\`g\\` \\| h'],
  ['# heading\n- item', '\\# heading - item'],
  ['1. item', '1\\. item'],
  ['https://here', 'https\\://here'],
  ['run-2, plain', 'run-2, plain'],
  ['\u001b[31mred\u202e', '\\\\u\\{1b\\}\\[31mred\\\\u\\{202e\\}'],
])('%j is no markup', (text, escaped) => {
  expect(escapeMarkdown(text)).toBe(escaped);
});

test('code keeps its backticks, fenced by more of them', () => {
  expect(codeSpan('a `b` ``c')).toBe('```a `b` ``c```');
  expect(codeSpan('`')).toBe('`` ` ``');
  expect(codeBlock('```\n# out')).toBe('````\n```\n# out\n````');
});

test('a pipe in a cell ends no cell', () => {
  expect(markdownTable(['a'], [[codeSpan('x|y')], [escapeMarkdown('x|y')]])).toBe(
    '| a |\n| --- |\n| `x\\|y` |\n| x\\|y |',
  );
});

test.each([
  ['---\nlicense: apache-2.0\n---\n# A', { license: 'apache-2.0' }],
  [
    '---\r\nlicense: other\r\nlicense_name: gemma\r\nlicense_link: https://a.b\r\n---\r\n',
    { license: 'other', license_name: 'gemma', license_link: 'https://a.b' },
  ],
  ['---\nlicense: [mit, apache-2.0]\n---\n', undefined],
  ['---\ntags: [a]\n---\n', undefined],
  ['---\nlicense: "\n---\n', undefined],
  ['# license: mit', undefined],
  ['', undefined],
])('the terms in the card %j', (card, terms) => {
  expect(termsIn(card)).toEqual(terms);
});

test('terms are written so that YAML reads them back, whatever a base`s card said', () => {
  const terms = { license: 'other', license_name: 'a: "b" # c\n---', license_link: '- x' };
  const base = { name: 'acme/tiny', isOfHub: true, terms };
  const text = frontMatter({ name: 'critic-1', base } as ExportedAgent, 'whole');
  const [, yaml] = /^---\n([\s\S]*)---\n$/.exec(text)!;
  expect(parse(yaml!)).toMatchObject({ ...terms, base_model: 'acme/tiny', base_model_relation: 'finetune' });
  expect(isOwnCard(`${text}# A`)).toBe(true);
  expect(isOwnCard('---\ntags: [other]\n---\n')).toBe(false);
});

test.each([
  [1, 8],
  [8, 8],
  [12, 16],
  [200, 256],
  [600, 600],
])('vLLM is told a rank for %i that it takes: %i', (rank, told) => {
  expect(commands([agent({ rank })])[0]).toContain(`--max-lora-rank ${told} `);
});

test('adapters on several bases get a server and a port each', () => {
  const other = agent({ name: 'critic-2', folder: '/out/critic-2', base: { name: 'acme/other', revision: 'abc' } });
  expect(commands([agent(), other, agent({ name: 'critic-3', folder: '/out/critic-3' })])).toEqual([
    'vllm serve acme/tiny --port 8000 --enable-lora --max-loras 2 --max-lora-rank 8 --lora-modules critic-1=/out/critic-1 critic-3=/out/critic-3',
    'vllm serve acme/other --revision abc --port 8001 --enable-lora --max-loras 1 --max-lora-rank 8 --lora-modules critic-2=/out/critic-2',
  ]);
});

test('folders that a shell would take apart are quoted', () => {
  const [create] = commands([agent({ folder: "/it's here; $(rm)/critic-1" })], 'ollama');
  expect(create).toBe("ollama create run.a-2-critic-1 -f '/it'\\''s here; $(rm)/critic-1/Modelfile'");
});

test.each([
  [512, 512],
  [undefined, 2448],
])('num_ctx of a model with %s positions holds prompt and response: %i', (positions, context) => {
  const sampling = { temperature: 0.7, topP: 0.9, maxTokens: 400 };
  expect(modelfile({ sampling, maxLength: 2048, positions })).toContain(
    `PARAMETER temperature 0.7\nPARAMETER top_p 0.9\nPARAMETER top_k 0\nPARAMETER repeat_penalty 1\nPARAMETER num_predict 400\nPARAMETER num_ctx ${context}\n`,
  );
});
