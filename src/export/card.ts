/** The model card of one exported agent: `README.md` as the Hugging Face Hub shows it. */
import { roleOf } from '../domain/role-settings';
import { count, counted } from '../pages/numbers';
import { evaluationLines, untestedLines } from './card-evaluation';
import { trainingLines } from './card-training';
import { frontMatter } from './front-matter';
import type { ExportedAgent, ExportedBase, ExportedSociety, WeightsForm } from './facts';
import { codeBlock, codeSpan, escapeMarkdown } from './markdown';

export interface CardInput {
  agent: ExportedAgent;
  society: ExportedSociety;
  form: WeightsForm;
  /** Commands that serve the folder; empty if Transformers or PEFT load it. */
  commands: readonly string[];
}

/** Everything in it is of the store; text that users wrote is escaped. */
export function modelCard({ agent, society, form, commands }: CardInput): string {
  const paragraphs = [
    `${frontMatter(agent, form)}# ${escapeMarkdown(`${society.runId}, iteration ${society.iteration}: ${agent.name}`)}`,
    ...introduction(agent, society, form),
    '## How to use it',
    ...useLines(agent, form, commands),
    '## Where it comes from',
    ...trainingLines(agent),
    '## How well it answers',
    ...evaluationLines(agent, society),
    ...untestedLines(society),
    '## Licence',
    licence(agent.base),
  ];
  return `${paragraphs.join('\n\n').replace(/[ \t]+$/gm, '')}\n`;
}

const kinds: Record<WeightsForm, string> = {
  adapter: 'A LoRA adapter (PEFT)',
  whole: 'A whole model',
  gguf: 'A whole model as one GGUF file',
};

const roles = {
  generation: 'It answers questions in the first round of a debate.',
  critic:
    "It revises answers in the later rounds of a debate: it reads its member's own answer and those of the others.",
  shared: 'One model for all agents: it answers in the first round of a debate and revises in the later ones.',
};

function introduction({ name, agents, model, base }: ExportedAgent, society: ExportedSociety, form: WeightsForm) {
  const { runId, iteration, members, rounds, specification, untuned, version } = society;
  const of = agents.length > 1 ? ` (agents ${agents.map(codeSpan).join(', ')})` : '';
  const rest = untuned.length === 0 ? '' : ` Not tuned, still the base model: ${untuned.map(codeSpan).join(', ')}.`;
  const about = specification.description === undefined ? [] : [`> ${escapeMarkdown(specification.description)}`];
  return [
    `${kinds[form]} on ${baseText(base)}: ${codeSpan(name)}${of} of the society of run ${codeSpan(runId)} after ` +
      `iteration ${iteration}, stored there as ${codeSpan(model)}. ${roles[roleOf(name)]}`,
    ...about,
    `The society has ${counted(members, 'member')} and debates in ${counted(rounds, 'round')}, trained by multiagent ` +
      `finetuning ([arXiv 2501.05707](https://arxiv.org/abs/2501.05707), method ` +
      `${codeSpan(specification.method.preset)}; program version ${codeSpan(version)}).${rest} ` +
      'One agent alone is not the society: its accuracy is that of the debate and the vote.',
  ];
}

function baseText({ name, isOfHub, revision }: ExportedBase): string {
  if (!isOfHub) return `the base model ${codeSpan(name)} (a folder, not a model of the Hugging Face Hub)`;
  return `the base model ${codeSpan(name)}${revision === undefined ? '' : ` at revision ${codeSpan(revision)}`}`;
}

function useLines(agent: ExportedAgent, form: WeightsForm, commands: readonly string[]): string[] {
  const { temperature, topP, maxTokens } = agent.sampling;
  const prompt =
    agent.prompt === undefined
      ? []
      : ['It was trained on chats that begin with this prompt:', codeBlock(agent.prompt, 'text')];
  return [
    ...(commands.length > 0
      ? ['In the folder that holds this one:', codeBlock(commands.join('\n'), 'sh'), ...baseNote(agent.base, form)]
      : loading(agent, form)),
    ...prompt,
    `Its run sampled with temperature ${temperature}, top-p ${topP} and at most ${count(maxTokens)} tokens.`,
  ];
}

function baseNote({ name, isOfHub }: ExportedBase, form: WeightsForm): string[] {
  return form === 'adapter' && !isOfHub ? [`${codeSpan(name)} stands for the folder of the base model.`] : [];
}

function loading({ name, ...agent }: ExportedAgent, form: WeightsForm): string[] {
  if (form === 'gguf') return [codeBlock(`llama-cli -m ${name}.gguf`, 'sh')];
  return [codeBlock(loadingLines(agent, form), 'python')];
}

function loadingLines({ base }: Pick<ExportedAgent, 'base'>, form: WeightsForm): string {
  const tokenizer = 'tokenizer = AutoTokenizer.from_pretrained("FOLDER")';
  if (form !== 'adapter')
    return [
      'from transformers import AutoModelForCausalLM, AutoTokenizer',
      'model = AutoModelForCausalLM.from_pretrained("FOLDER")',
      tokenizer,
    ].join('\n');
  if (base.isOfHub)
    return [
      'from peft import AutoPeftModelForCausalLM',
      'from transformers import AutoTokenizer',
      'model = AutoPeftModelForCausalLM.from_pretrained("FOLDER")',
      tokenizer,
    ].join('\n');
  return [
    'from peft import PeftModel',
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    'base = AutoModelForCausalLM.from_pretrained("FOLDER OF THE BASE")',
    'model = PeftModel.from_pretrained(base, "FOLDER")',
    tokenizer,
  ].join('\n');
}

function licence({ terms }: ExportedBase): string {
  if (terms === undefined)
    return 'The terms of the base model apply. Its licence is not known here: the base came without a card that names one.';
  const { license, license_name: name, license_link: link } = terms;
  const named = name === undefined ? codeSpan(license) : `${codeSpan(license)} (${escapeMarkdown(name)})`;
  const where = link === undefined ? '' : `, ${codeSpan(link)}`;
  return `The terms of the base model apply. Its own card names ${named}${where}.`;
}
