/** Names of base models that may be the Hub's, and what a run makes of them. */
import { hubRevision, isHubName, pinnedLike, pinnedTo, servedCommit } from '../../src/domain/hub-names';
import { nameOfBase } from '../../src/domain/society';
import { resolveSpecification } from '../../src/specification';

const [first, second] = ['a'.repeat(40), 'b'.repeat(40)];
const { specification } = resolveSpecification({
  task: { kind: 'arithmetic', train: 2, eval: 2 },
  model: {
    base: 'acme/small',
    members: [{ base: 'acme/small' }, { base: 'acme/other@v1', endpoint: 'vllm' }, { base: 'folder' }],
  },
  evaluation: { measures: ['nll'], scorer: { base: 'acme/small' } },
});

test.each([
  'Qwen/Qwen2.5-1.5B-Instruct',
  'acme/small@v1',
  'acme/small@refs/pr/1',
  'acme/small@v1--beta',
  `acme/small@v1@${first}`,
])('%s may be a name of the Hub', (name) => expect(isHubName(name)).toBe(true));
test.each([
  'models/tiny-arithmetic',
  './acme/small',
  '/acme/small',
  '../small',
  'small',
  'a/b/c',
  'gpt@2024',
  'acme/sm all',
  'acme/small@',
  'acme/sm..all',
  'acme/sm--all',
  'acme/small-',
  'acme/small.git',
  'acme./small',
  `acme/${'a'.repeat(97)}`,
])('%s is none', (name) => expect(isHubName(name)).toBe(false));

test('a pinned name asks for its commit, and pinning again changes nothing', () => {
  expect(hubRevision('acme/small')).toEqual({ repository: 'acme/small' });
  expect(hubRevision(pinnedTo('acme/small@v1', first))).toEqual({ repository: 'acme/small', revision: first });
  expect(pinnedTo(`acme/small@${first}`, second)).toBe(`acme/small@${first}`);
});

test('a server that serves a commit under its name says which', () => {
  const served = [`acme/small-${first}`, `acme/small-v1-${second}`, 'acme/small-instruct'];
  expect(served[0]).toBe(nameOfBase({ base: pinnedTo('acme/small', first), endpoint: 'embedded' }));
  expect(servedCommit('acme/small', served)).toBe(first);
  expect(servedCommit('acme/small@v1', served)).toBe(second);
  expect(servedCommit('acme/other', served)).toBeUndefined();
});

test('other servers know a pinned base by the name they were started with', () => {
  expect(nameOfBase({ base: `acme/small@${first}`, endpoint: 'vllm' })).toBe('acme/small');
  expect(nameOfBase({ base: 'claude@20240229', endpoint: 'hosted' })).toBe('claude@20240229');
});

test('the commits of an earlier run are taken for the same names at the same endpoints, the scorer included', () => {
  const earlier = {
    model: {
      base: `acme/small@${first}`,
      endpoint: 'embedded',
      members: [{ base: `acme/other@v1@${second}`, endpoint: 'vllm' }],
    },
  };
  const { model, evaluation } = pinnedLike(specification, earlier);
  expect(model.base).toBe(`acme/small@${first}`);
  expect(model.members?.map(({ base }) => base)).toEqual([`acme/small@${first}`, `acme/other@v1@${second}`, 'folder']);
  expect(evaluation.scorer?.base).toBe(`acme/small@${first}`);
});
