/**
 * Most tokens of a run's calls, known before the first one: texts of prompts and problems count by their UTF-8 bytes, since no
 * token is shorter than a byte, responses inside of prompts by the most tokens they may have been written with.
 */
import type { BoundedRole, CallBound } from '../src/contract/limits';
import type { RunSpecification } from '../src/contract/specification';
import type { ChatMessage } from '../src/contract/transcript';
import { societySize, speakingAgents } from '../src/domain/debate-rules';
import {
  firstRoundMessages,
  hintedMessages,
  instructionOf,
  laterRoundMessages,
  promptsFor,
  summaryMessages,
} from '../src/prompts';
import type { RunTasks } from '../src/tasks/run-tasks';
import type { DrawnProblems, LabelledProblem, Task } from '../src/tasks/task';

/** What chat templates add, tokens: system prompts of their own, and the marks around each message. */
const templateTokens = { perRequest: 64, perMessage: 16 };

/** Two others are shown to a critic that is measured, whatever the size of the society. */
const fewestShown = 2;

type Bounds = Record<BoundedRole, CallBound>;

export function promptBounds(
  specification: RunSpecification,
  tasks: RunTasks,
  { train, eval: evaluation, validation = [] }: DrawnProblems,
): Bounds {
  const splits: [Task, LabelledProblem[]][] = [
    [tasks.train, train.flat()],
    [tasks.eval, [...evaluation, ...validation]],
  ];
  const bounds = splits.flatMap(([task, problems]) => {
    const longest = longestOf(problems, ({ question }) => question);
    const answer = longestOf(problems, ({ answer: reference = '' }) => reference)?.answer ?? '';
    return longest === undefined ? [] : [boundsFor(specification, task, { question: longest.question, answer })];
  });
  const largest = (role: BoundedRole): CallBound => ({
    promptTokens: Math.max(0, ...bounds.map((each) => each[role].promptTokens)),
    completionTokens: specification.sampling[role].maxTokens,
  });
  const critic = largest('critic');
  const generation = largest('generation');
  return {
    // Where generation agents answer the later rounds, they are sent what critics would be.
    generation: specification.method.critics === 'generation' ? largerBound(generation, critic) : generation,
    critic,
    summariser: largest('summariser'),
  };
}

function boundsFor(
  specification: RunSpecification,
  task: Task,
  { question, answer }: { question: string; answer: string },
): Bounds {
  const { method, sampling } = specification;
  const { members, rounds } = societySize(specification);
  const prompts = promptsFor(method.prompts, task);
  const agents = speakingAgents({ members, rounds, critics: method.critics });
  const instruction =
    longestOf(
      agents.map((agent) => instructionOf(prompts.instructions, method.instructions, agent)),
      (text) => text,
    ) ?? '';
  const mostTokens = Math.max(sampling.generation.maxTokens, sampling.critic.maxTokens);
  const others = Math.max(members - 1, fewestShown);
  const quoted = method.summary ? sampling.summariser.maxTokens : others * mostTokens;
  const first = firstRoundMessages(prompts, { question, instruction });
  const empty = Array.from({ length: members === 1 ? 0 : others }, () => ' ');
  let messages = first;
  for (let round = 2; round <= rounds; round += 1)
    messages = laterRoundMessages(prompts, {
      ...{ question, instruction, previous: { messages, response: '.' }, othersResponses: empty },
      summary: method.summary ? ' ' : undefined,
    });
  const summary = summaryMessages(prompts, empty, method.summaryShowsQuestion ? question : undefined);
  const hinted = method.hint ? hintedMessages(prompts, { question, instruction, reference: answer }) : first;
  const bound = (promptTokens: number) => ({ promptTokens, completionTokens: 0 });
  return {
    generation: bound(Math.max(tokensOf(first), tokensOf(hinted))),
    critic: bound(tokensOf(messages) + (rounds - 1) * (mostTokens + quoted)),
    summariser: bound(tokensOf(summary) + others * mostTokens),
  };
}

function tokensOf(messages: readonly ChatMessage[]): number {
  const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  return bytes + templateTokens.perRequest + messages.length * templateTokens.perMessage;
}

function longestOf<Item>(items: readonly Item[], text: (item: Item) => string): Item | undefined {
  let [longest, most] = [items[0], 0];
  for (const item of items) {
    const bytes = Buffer.byteLength(text(item));
    if (bytes > most) [longest, most] = [item, bytes];
  }
  return longest;
}

function largerBound(left: CallBound, right: CallBound): CallBound {
  return {
    promptTokens: Math.max(left.promptTokens, right.promptTokens),
    completionTokens: Math.max(left.completionTokens, right.completionTokens),
  };
}
