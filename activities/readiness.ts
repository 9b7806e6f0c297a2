/**
 * Checks the requirements of trainer, model server and grader before the first paid call: a debate that ends in a refused
 * training, or in prompts that exceed the context, is wasted.
 */
import { Context } from '@temporalio/activity';
import type { RunSpecification } from '../src/contract/specification';
import type { ChatMessage } from '../src/contract/transcript';
import { debateRules } from '../src/domain/debate-rules';
import { digestOf } from '../src/domain/digests';
import { trainedAgents } from '../src/domain/plan';
import { baseModels, baseOf, embeddedEndpoint, nameOfBase, type BaseOfAgent } from '../src/domain/society';
import { ConfigError, InvalidRunSpec, ProviderError, TrainerError, UnsupportedByEndpoint } from '../src/errors';
import type { TokenizedText, TrainingCheck, TrainingSettings } from '../src/ports';
import { firstRoundMessages, laterRoundMessages, promptsFor } from '../src/prompts';
import type { RunTasks } from '../src/tasks/run-tasks';
import type { DrawnProblems, LabelledProblem, Task } from '../src/tasks/task';
import type { ActivityDependencies } from './dependencies';
import { trainingSettings } from './training-settings';

/** The shortest possible prompt: no critic's chat is shorter than one with responses of one character. */
interface ShortestPrompt {
  split: 'train' | 'eval';
  problemId: string;
  role: 'generation' | 'critic';
  messages: ChatMessage[];
}

const shortestResponse = '0';
/** An equal pair that only computer algebra can recognise. */
const gradedPair = { a: '\\frac{\\sqrt{8}}{2}', b: '\\sqrt{2}' };

/**
 * The returned function resolves with the checks it could not make. It throws `InvalidRunSpec` or `ConfigError` for problems
 * that people must fix, and retryable errors if one of the three does not answer.
 */
export function readinessChecks({ trainer, scoring, grader }: ActivityDependencies) {
  async function requireReadiness(
    specification: RunSpecification,
    tasks: RunTasks,
    problems: DrawnProblems,
  ): Promise<string[]> {
    for (const task of new Set(Object.values(tasks) as Task[])) await requireGrader(task);
    const prompts = shortestPrompts(specification, tasks, problems);
    const notices: string[] = [];
    for (const base of baseModels(specification)) notices.push(...(await requireRoom(specification, base, prompts)));
    await requireTrainer(specification, prompts);
    return notices;
  }

  async function requireGrader(task: Task): Promise<void> {
    if (task.equal !== undefined) return;
    const [verdict] = await grader(task).grade([gradedPair], Context.current().cancellationSignal);
    if (verdict?.equal === true) return;
    throw new ConfigError(
      `the grader takes ${gradedPair.a} and ${gradedPair.b} for different${verdict?.reason === undefined ? '' : ` (${verdict.reason})`}: ` +
        'run maft doctor, the package math-verify does not work here',
    );
  }

  /** Longest prompts must leave room for an answer in the context of the model that reads them. */
  async function requireRoom(
    specification: RunSpecification,
    base: BaseOfAgent,
    prompts: readonly ShortestPrompt[],
  ): Promise<string[]> {
    for (const prompt of prompts) {
      const read = await tokensOf(base, prompt.messages);
      if (typeof read === 'string') return [read];
      refuseTooLong(specification, base, { ...prompt, ...read });
    }
    return [];
  }

  /** Returns a sentence if the endpoint does not say. */
  async function tokensOf(base: BaseOfAgent, messages: ChatMessage[]): Promise<TokenizedText | string> {
    const { endpoint } = base;
    try {
      const text = { model: nameOfBase(base), messages, openTurn: true };
      return await scoring(endpoint).tokenize(text, Context.current().cancellationSignal);
    } catch (error) {
      if (error instanceof ProviderError && endpoint === embeddedEndpoint) {
        if (error.status !== 400) throw error;
        throw new InvalidRunSpec([
          `model.base: ${JSON.stringify(base.base)} cannot read the prompts: ${error.message}`,
        ]);
      }
      if (error instanceof UnsupportedByEndpoint || error instanceof ProviderError)
        return `whether the longest prompts fit the context was not checked: ${error.message}`;
      throw error;
    }
  }

  /** A dry run of the trainer: everything except loading the weights. */
  async function requireTrainer(specification: RunSpecification, prompts: readonly ShortestPrompt[]): Promise<void> {
    if (specification.iterations === 0) return;
    const { finetuning, method } = specification;
    const asked = prompts.filter(({ split }) => split === 'train');
    const checks = new Map<string, TrainingCheck>();
    for (const agent of trainedAgents(method)) {
      const settings = trainingSettings(finetuning, agent);
      const examples = asked.map((prompt, index) => ({ ...exampleOf(prompt, index), ...preferenceIn(settings.loss) }));
      const check = { base: baseOf(specification, agent), settings, examples };
      checks.set(digestOf(check), check);
    }
    for (const check of checks.values()) {
      try {
        await trainer(finetuning.trainer).check(check, Context.current().cancellationSignal);
      } catch (error) {
        throw asRefusal(error, check.base.base);
      }
    }
  }

  return requireReadiness;
}

/** Turns the trainer's final refusal into an error for the specification's author. */
function asRefusal(error: unknown, base: string): unknown {
  if (!(error instanceof TrainerError) || error.retryable) return error;
  return new InvalidRunSpec([`model.base: ${JSON.stringify(base)} cannot be finetuned: ${error.message}`]);
}

function exampleOf({ problemId, role, messages }: ShortestPrompt, index: number) {
  return { problemId, member: index + 1, round: role === 'generation' ? 1 : 2, messages, completion: '0', weight: 1 };
}

/** The field that this loss adds to an example. */
function preferenceIn(loss: TrainingSettings['loss']): { rejected?: string; desirable?: boolean } {
  if (loss === undefined) return {};
  return 'dpo' in loss ? { rejected: '1' } : { desirable: true };
}

/** Prompts of the longest question of each split; of several with that length, one is used. */
function shortestPrompts(specification: RunSpecification, tasks: RunTasks, problems: DrawnProblems): ShortestPrompt[] {
  const ofSplit = { train: problems.train.flat(), eval: [...problems.eval, ...(problems.validation ?? [])] };
  return (['train', 'eval'] as const).flatMap((split) => {
    const problem = longestOf(ofSplit[split]);
    return problem === undefined ? [] : promptsOf(specification, { split, task: tasks[split], problem });
  });
}

function longestOf(problems: readonly LabelledProblem[]): LabelledProblem | undefined {
  return problems.reduce<LabelledProblem | undefined>(
    (longest, problem) =>
      longest === undefined || problem.question.length > longest.question.length ? problem : longest,
    undefined,
  );
}

function promptsOf(
  specification: RunSpecification,
  { split, task, problem }: { split: 'train' | 'eval'; task: Task; problem: LabelledProblem },
): ShortestPrompt[] {
  const { method } = specification;
  const { members, rounds } = debateRules(specification, split);
  const prompts = promptsFor(method.prompts, task);
  const { question, id: problemId } = problem;
  let messages = firstRoundMessages(prompts, { question });
  const found: ShortestPrompt[] = [{ split, problemId, role: 'generation', messages }];
  for (let round = 2; round <= rounds; round += 1) {
    messages = laterRoundMessages(prompts, {
      question,
      previous: { messages, response: shortestResponse },
      summary: method.summary ? shortestResponse : undefined,
      othersResponses: Array.from({ length: members - 1 }, () => shortestResponse),
    });
    found.push({ split, problemId, role: 'critic', messages });
  }
  return found;
}

/** Our own server cuts `maxTokens` to what the context leaves; others refuse the request. */
function refuseTooLong(
  { sampling, method }: RunSpecification,
  { base, endpoint }: BaseOfAgent,
  { tokens, limit, role, problemId }: ShortestPrompt & TokenizedText,
): void {
  const { maxTokens } = sampling[role];
  const room = endpoint === embeddedEndpoint ? 1 : maxTokens;
  if (limit === undefined || tokens.length + room <= limit) return;
  const isMoreThanContext = tokens.length + 1 > limit;
  const set = typeof method.prompts === 'string' ? method.prompts : method.prompts.base;
  throw new InvalidRunSpec([
    `model.base: the ${role === 'critic' ? 'shortest prompt of a critic' : 'prompt'} for problem ${problemId} has ` +
      `${tokens.length} tokens, the context of ${JSON.stringify(base)} is ${limit} tokens and maxTokens is ${maxTokens}: ` +
      `no answer fits. Shorten the prompts (method.prompts is ${JSON.stringify(set)}), ` +
      (isMoreThanContext ? 'or choose a base with a longer context' : 'lower maxTokens, or choose another base'),
  ]);
}
