/**
 * What precedes the first prompt of each agent, as data: unique identities, styles of reasoning, working together (method,
 * section 5). `{member}` is the member's number. The paper names the variants; their wording is unpublished, so it is ours.
 */
import type { InstructionSettings, namedInstructions } from '../contract/method';
import { fill } from './placeholders';

/** One text for all members, or one per member in turn. */
type RoleTexts = string | readonly string[];

export interface InstructionTexts {
  generation?: RoleTexts | undefined;
  critic?: RoleTexts | undefined;
}

export type InstructionName = Exclude<(typeof namedInstructions)[number], 'none'>;

/** The named instructions of a prompt set, and what stands between an instruction and the prompt. */
export interface Instructions extends Record<InstructionName, InstructionTexts> {
  separator: string;
}

const styles = [
  'Reason step by step and write every intermediate result down.',
  'Reason backwards: ask what the result depends on, and work out those parts first.',
  'Estimate the result first, then compute it exactly and compare the two.',
  'Restate the question in your own words, then solve it by the shortest way you can find.',
  'Solve the question in two different ways and check that they agree.',
];

const cooperation =
  'You work together with the other agents on one solution; nobody competes. ' +
  'Build on what is right in the work of the others, and say plainly what has to be mended.';

/** For models that read English sentences. */
export const wordedInstructions: Instructions = {
  separator: '\n\n',
  'unique-id': {
    generation: 'GEN{member}\nYou are a generation agent: you give a first solution of your own.',
    critic: 'CRIT{member}\nYou are a critic agent: you examine the solutions so far and give a corrected answer.',
  },
  varied: { generation: styles, critic: styles },
  cooperative: { generation: cooperation, critic: cooperation },
};

/** A few characters each: every one of them is a token to the tiny model. */
export const compactInstructions: Instructions = {
  separator: '\n',
  'unique-id': { generation: 'GEN{member}', critic: 'CRIT{member}' },
  varied: { generation: ['A', 'B', 'C'], critic: ['A', 'B', 'C'] },
  cooperative: { generation: 'Together.', critic: 'Together.' },
};

/** The text that precedes an agent's first prompt, filled in and with its separator; empty if there is none. */
export function instructionOf(instructions: Instructions, settings: InstructionSettings, agent: string): string {
  if (settings === 'none') return '';
  const texts = typeof settings === 'string' ? instructions[settings] : settings;
  const [role, number] = agent.split('-') as ['generation' | 'critic', string];
  const ofRole = texts[role] ?? '';
  const text = typeof ofRole === 'string' ? ofRole : (ofRole[(Number(number) - 1) % ofRole.length] ?? '');
  return text === '' ? '' : fill(text, { member: number }) + instructions.separator;
}
