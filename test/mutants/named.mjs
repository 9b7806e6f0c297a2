/**
 * Mutants of single rules of the method, each by name, with the test that kills it: `npm run mutants` applies them one at
 * a time. Whoever changes one of these places changes its entry.
 *
 * @typedef {object} NamedMutant
 * @property {string} rule The rule that is broken.
 * @property {string} file
 * @property {string} search Occurs once in the file.
 * @property {string} replace
 * @property {string} test The test file that notices.
 * @property {string} named The test in it that fails, by its own name.
 */

/** @type {NamedMutant[]} */
export const namedMutants = [
  {
    rule: "the summariser is the critic's own model",
    file: 'activities/debate.ts',
    search: 'kept, { ...request, seed });',
    replace: 'kept, { ...request, model: modelOf(stage.society, agent).model, seed });',
    test: 'test/activities/second-iteration.test.ts',
    named: 'summaries are asked of the untuned base model, where that is served',
  },
  {
    rule: "the summary is asked at the critic's endpoint",
    file: 'activities/debate.ts',
    search: 'return completeOnce({ ...dependencies, ...memory, endpoint: stage.endpoint }, kept,',
    replace:
      'return completeOnce({ ...dependencies, ...memory, endpoint: modelOf(stage.society, agent).endpoint }, kept,',
    test: 'test/activities/second-iteration.test.ts',
    named: 'summaries are asked of the untuned base model, where that is served',
  },
  {
    rule: 'a finetuned society summarises with a finetuned model',
    file: 'src/domain/society.ts',
    search: 'return { ...rest, iteration, agents: Object.fromEntries(agents) };',
    replace: 'return { ...rest, iteration, agents: Object.fromEntries(agents), summariser: agents[0]![1].model };',
    test: 'test/activities/second-iteration.test.ts',
    named: 'summaries are asked of the untuned base model, where that is served',
  },
  {
    rule: 'a summary has the seed of a response',
    file: 'activities/debate.ts',
    search: "samplingSeed({ kind: 'summary',",
    replace: "samplingSeed({ kind: 'response',",
    test: 'test/activities/second-iteration.test.ts',
    named: "a summary's seed is its own, drawn by run, iteration, split, problem, round and the critic who reads it",
  },
  {
    rule: "a summary's seed leaves out the run's",
    file: 'activities/debate.ts',
    search: "samplingSeed({ kind: 'summary', seed: stage.seed,",
    replace: "samplingSeed({ kind: 'summary', seed: 0,",
    test: 'test/activities/second-iteration.test.ts',
    named: "a summary's seed is its own, drawn by run, iteration, split, problem, round and the critic who reads it",
  },
  {
    rule: "all members' summaries have one seed",
    file: 'activities/debate.ts',
    search: "samplingSeed({ kind: 'summary', seed: stage.seed, ...input, agent });",
    replace: "samplingSeed({ kind: 'summary', seed: stage.seed, ...input, agent: 'critic-1' });",
    test: 'test/activities/second-iteration.test.ts',
    named: "a summary's seed is its own, drawn by run, iteration, split, problem, round and the critic who reads it",
  },
  {
    rule: "critics sample with the generation agents' settings",
    file: 'activities/debate.ts',
    search: "const role = input.round === 1 ? 'generation' : 'critic';",
    replace: "const role = 'generation' as const;",
    test: 'test/activities/second-iteration.test.ts',
    named: 'each role is sampled with its own settings',
  },
  {
    rule: "the summariser samples with the critics' settings",
    file: 'src/prompts/turn-messages.ts',
    search: 'sampling: society.sampling.summariser',
    replace: 'sampling: society.sampling.critic',
    test: 'test/activities/second-iteration.test.ts',
    named: 'each role is sampled with its own settings',
  },
  {
    rule: "samples of a vote have the critics' settings",
    file: 'activities/debate.ts',
    search: 'const { generation: sampling } = stage.society.sampling;',
    replace: 'const { critic: sampling } = stage.society.sampling;',
    test: 'test/activities/second-iteration.test.ts',
    named: 'samples of a vote have the settings of the generation agents, in turn, and seeds of their own',
  },
  {
    rule: 'a tie falls alike with every seed',
    file: 'src/domain/draws.ts',
    search: 'return `tie/${draw.seed}/${draw.iteration}/',
    replace: 'return `tie/0/${draw.iteration}/',
    test: 'test/domain/voting.test.ts',
    named: '5. ties are broken by the seeded draw of the problem and recorded, never by string order',
  },
  {
    rule: 'a tie falls alike in every iteration',
    file: 'src/domain/draws.ts',
    search: 'return `tie/${draw.seed}/${draw.iteration}/',
    replace: 'return `tie/${draw.seed}/0/',
    test: 'test/domain/voting.test.ts',
    named: '5. ties are broken by the seeded draw of the problem and recorded, never by string order',
  },
  {
    rule: "the vote on a debate leaves out the run's seed",
    file: 'activities/shards.ts',
    search: 'voteOn(transcript, equal, record.specification.seed)',
    replace: 'voteOn(transcript, equal, 0)',
    test: 'test/activities/shards.test.ts',
    named: "a tie falls by the draw of the run's seed, the iteration, the problem and the answers",
  },
  {
    rule: "a training's seed leaves out the iteration",
    file: 'src/domain/draws.ts',
    search: 'drawKey(`training/${seed}/${iteration}/${agent}`)',
    replace: 'drawKey(`training/${seed}/${agent}`)',
    test: 'test/domain/draws.test.ts',
    named: 'every part of a training changes its seed',
  },
  {
    rule: 'problem ids that differ by case share a file',
    file: 'src/domain/keys.ts',
    search: '/[a-z0-9_-]/.test(unit)',
    replace: '/[a-z0-9_-]/i.test(unit)',
    test: 'test/domain/names.test.ts',
    named: 'ids that differ by case, "Problem" and "problem", are two files where case is ignored',
  },
  {
    rule: 'a trailing period stays in a path',
    file: 'src/domain/keys.ts',
    search: "(unit === '.' && index > 0 && index < id.length - 1)",
    replace: "(unit === '.' && index > 0)",
    test: 'test/domain/names.test.ts',
    named: 'a period at either end is spelled, for Windows drops the last one and the first one hides a file',
  },
  {
    rule: '`below-agreement` before `disagrees`',
    file: 'src/domain/eligibility.ts',
    search:
      "    if (!judgement.isRight(response.deciding)) return 'disagrees';\n    if (judgement.belowAgreement) return 'below-agreement';\n",
    replace:
      "    if (judgement.belowAgreement) return 'below-agreement';\n    if (!judgement.isRight(response.deciding)) return 'disagrees';\n",
    test: 'test/domain/eligibility.test.ts',
    named: 'of all reasons against a response the first one counts, in the documented order',
  },
  {
    rule: '`disagrees` before `unparsable`',
    file: 'src/domain/eligibility.ts',
    search:
      "    if (response.deciding.answer === null) return 'unparsable';\n    if (!judgement.isRight(response.deciding)) return 'disagrees';\n",
    replace:
      "    if (!judgement.isRight(response.deciding)) return 'disagrees';\n    if (response.deciding.answer === null) return 'unparsable';\n",
    test: 'test/domain/eligibility.test.ts',
    named: 'of all reasons against a response the first one counts, in the documented order',
  },
  {
    rule: '`truncated` before `disagrees`',
    file: 'src/domain/eligibility.ts',
    search: "if (ending !== undefined && ending !== 'truncated') return",
    replace: 'if (ending !== undefined) return',
    test: 'test/domain/eligibility.test.ts',
    named: 'of all reasons against a response the first one counts, in the documented order',
  },
  {
    rule: '`too-long` before `truncated`',
    file: 'src/domain/eligibility.ts',
    search: "  if (ending === 'truncated') return 'truncated';\n",
    replace:
      "  if (exampleTokens(response) > settings.maxLength) return 'too-long';\n  if (ending === 'truncated') return 'truncated';\n",
    test: 'test/domain/eligibility.test.ts',
    named: 'of all reasons against a response the first one counts, in the documented order',
  },
  {
    rule: '`not-a-target` before `no-consensus`',
    file: 'src/domain/eligibility.ts',
    search:
      "  if (judgement.rejection !== undefined) return judgement.rejection;\n  if (!response.isTarget) return 'not-a-target';\n",
    replace:
      "  if (!response.isTarget) return 'not-a-target';\n  if (judgement.rejection !== undefined) return judgement.rejection;\n",
    test: 'test/domain/eligibility.test.ts',
    named: 'of all reasons against a response the first one counts, in the documented order',
  },
  {
    rule: '`maxLength` counts the prompt that was sent, not the one that is trained on, under shared weights',
    file: 'src/domain/eligibility.ts',
    search: 'return (prompt.usage.promptTokens ?? 0) + (turn.usage.completionTokens ?? 0);',
    replace: 'return (turn.usage.promptTokens ?? 0) + (turn.usage.completionTokens ?? 0);',
    test: 'test/domain/eligibility.test.ts',
    named:
      "the one model's examples are as long as the question's prompt and the last answer, which is what it is trained on",
  },
  {
    rule: "a critic's two sides are drawn by one draw",
    file: 'src/domain/mixing.ts',
    search: '`mixing/${seed}/${iteration}/${agent}/${set}/${problemId}`',
    replace: '`mixing/${seed}/${iteration}/${agent}/${problemId}`',
    test: 'test/domain/mixing.test.ts',
    named: "a critic's two sides are drawn apart, each by a string that names run, iteration, agent, side and problem",
  },
  {
    rule: 'the sample of one side is the same in every iteration',
    file: 'src/domain/mixing.ts',
    search: '`mixing/${seed}/${iteration}/${agent}/${set}/${problemId}`',
    replace: '`mixing/${seed}/${agent}/${set}/${problemId}`',
    test: 'test/domain/mixing.test.ts',
    named: '16. a sample is drawn by the seed: the same for any order of the problems, another for another seed',
  },
  {
    rule: 'examples that just fill `matchTrainingTokens` are sampled',
    file: 'src/domain/matching.ts',
    search: 'if (tokensInAll <= matchTrainingTokens &&',
    replace: 'if (tokensInAll < matchTrainingTokens &&',
    test: 'test/domain/matching.test.ts',
    named: 'examples that just fill the budget are all kept, in their order',
  },
  {
    rule: 'an example that just fills `matchTrainingTokens` is left out',
    file: 'src/domain/matching.ts',
    search: 'if (tokens > matchTrainingTokens ||',
    replace: 'if (tokens >= matchTrainingTokens ||',
    test: 'test/domain/matching.test.ts',
    named: 'an example that just fills what is left is kept, and one token less leaves it out',
  },
  {
    rule: 'KL is per token of the model compared with',
    file: 'src/domain/measures/likelihood.ts',
    search: 'tokens: own.tokens };',
    replace: 'tokens: other.tokens };',
    test: 'test/domain/measures/likelihood.test.ts',
    named: 'of models with different tokenizers is per token of the author, whose divergence it is',
  },
  {
    rule: 'every scorer reads by the tokenizer of the first base',
    file: 'activities/scoring.ts',
    search: 'tokenizerOf: (model) => baseByModel.get(model) ?? model,',
    replace: 'tokenizerOf: () => nameOfBase(specification.model),',
    test: 'test/activities/scoring.test.ts',
    named: 'of a run that began with untuned models, each agent counts from its own base',
  },
  {
    rule: 'HTTP 425 (too early) is final',
    file: 'src/providers/openai-endpoint.ts',
    search: 'new Set([404, 408, 409, 425, 429])',
    replace: 'new Set([404, 408, 409, 429])',
    test: 'test/providers/openai-inference.test.ts',
    named: 'with status 425 is a ProviderError, retryable: true',
  },
  {
    rule: 'HTTP 409 (conflict) is final',
    file: 'src/providers/openai-endpoint.ts',
    search: 'new Set([404, 408, 409, 425, 429])',
    replace: 'new Set([404, 408, 425, 429])',
    test: 'test/providers/openai-inference.test.ts',
    named: 'with status 409 is a ProviderError, retryable: true',
  },
  {
    rule: 'the nucleus holds one token more where its share is exactly top_p',
    file: 'python/maft/serve/draw.py',
    search: 'ordered.masked_fill(before >= top_p, 0.0)',
    replace: 'ordered.masked_fill(before > top_p, 0.0)',
    test: 'test/python/test_serve_draw.py',
    named: 'test_the_nucleus_ends_with_the_token_that_reaches_top_p_exactly',
  },
  {
    rule: 'norms and biases decay',
    file: 'python/maft/train/loop.py',
    search: 'if parameter.ndim < 2], "weight_decay": 0.0}',
    replace: 'if parameter.ndim < 2], "weight_decay": weight_decay}',
    test: 'test/python/test_train_loop.py',
    named: 'test_matrices_decay_and_norms_and_biases_do_not',
  },
];
