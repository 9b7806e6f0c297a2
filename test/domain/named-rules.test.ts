/** Which settings are named beside a result. */
import { namedRules } from '../../src/domain/named-rules';
import { resolveSpecification } from '../../src/specification';

const rulesOf = (changes: object) =>
  namedRules(
    resolveSpecification({ task: { kind: 'arithmetic', max: 10 }, model: { base: 'a' }, ...changes }).specification,
  );

test.each([
  ['the consensus alone', {}, ''],
  ['reference answers', { method: { select: 'reference' } }, 'select: reference'],
  ['no selection', { method: { select: 'none' } }, 'select: none'],
  ['the validation split', { stopWhen: 'plateau' }, 'stopWhen: plateau'],
  ['the training loss', { stopWhen: 'loss' }, ''],
  ['a guard that only reports', { guard: 'report' }, ''],
  ['a guard that acts', { guard: 'pause' }, 'guard: pause'],
  ['several', { method: { select: 'reference' }, stopWhen: 'plateau' }, 'select: reference, stopWhen: plateau'],
  ['nothing that is trained', { method: 'debate' }, ''],
])('%s', (_, changes, rules) => expect(rulesOf(changes)).toBe(rules));
