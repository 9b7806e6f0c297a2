/** The map of the tree in docs/map.md: every room with its purpose, every file with its first sentence. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../machine/paths';

/** The purpose of each folder of code, from the method outwards. A test compares the list with the tree. */
export const rooms: Record<string, string> = {
  workflows:
    'What happens, in which order: the method as Temporal workflows. Deterministic: no I/O, no clock, no environment.',
  activities: 'Side effects at the edge, thin: read, call a port, store, return a reference.',
  'src/contract':
    'Types and schemas of everything that crosses a border, and the names that users and other programs see.',
  'src/ports': 'What activities need from outside, as types.',
  'src/domain': 'The rules of the method and of statistics, pure.',
  'src/domain/answers': 'How an answer is read out of a response, and when two answers are equal.',
  'src/domain/evidence':
    'What a measurement is, what a paired comparison over seeds is, and when a difference is clear.',
  'src/domain/lines': 'Lines of societies: gates, the error they spend, roll-backs.',
  'src/domain/measures': 'Measures of diversity and drift.',
  'src/probe': 'Do critics use what they read? The intervention as it is asked.',
  'src/prompts': 'Every prompt text, per prompt set and task.',
  'src/tasks': 'Tasks as they run: files and programs are read, splits drawn, answers compared.',
  'src/tasks/kinds': 'One file per task: its settings, its problems, how it is asked and how answers are read.',
  'src/specification': 'From what a user wrote to a resolved specification, or one line per problem.',
  'src/specification/comparison': 'The same for a comparison of methods.',
  'src/providers': 'Adapters of the ports: model endpoints, the trainer, the grader.',
  'src/artifacts': 'The write-once store on a file system, sealed JSON.',
  'src/pages': 'What a page is: sections as data, shown by two renderers, HTML and terminal.',
  'src/pages/charts': 'Charts that several pages draw.',
  'src/report': 'What the page of a run says.',
  'src/report/charts': 'Its own charts.',
  'src/report/sections': 'Its sections, from top to bottom.',
  'src/comparison': 'What the page of a comparison says.',
  'src/comparison/sections': 'Its sections, from top to bottom.',
  'src/stored-runs': 'Runs as they are stored: the one reader, where a run stands, and what is gathered of it.',
  'src/export': 'What is said of an exported agent: its model card, its Modelfile, the commands that serve it.',
  'src/machine': 'This machine: its settings, folders and store, and how its Temporal server is reached.',
  'src/machine/setup': 'What has to be there: the Python environment, the Temporal CLI, models, search attributes.',
  'src/machine/supervision': 'Child processes: servers, ports, locks, logs, disks.',
  'src/runs': 'What `maft run`, `compare` and `ask` do: start, follow and tell, on servers that are found or started.',
  'src/serving': 'What `maft serve` says over HTTP: a society as one model of the OpenAI API.',
  'src/cli': 'One file per command of `maft`.',
  'src/cli/data': '`maft data`.',
  'src/cli/export': '`maft export`.',
  'src/cli/line': '`maft line`.',
  'src/cli/probe': '`maft probe-critics`.',
  'src/cli/schedule': '`maft schedule`: applying a file, and schedules in words.',
  'src/cli/select': '`maft select`.',
  'src/docs': 'What is generated: the map, the settings and measures in docs/, the small twins in examples/.',
  src: 'The worker, the wiring of adapters to ports, and what all rooms share: errors, visible text.',
  python: 'How our Python modules are started, and the pinned requirements.',
  'python/maft': 'What touches weights, and what its programs share.',
  'python/maft/serve': 'The model server: the part of the OpenAI API that the product calls.',
  'python/maft/train': 'The trainer: one job, supervised, with checkpoints.',
  'python/maft/model_folder': 'The one reader of model folders, for server and trainer.',
  'python/maft/hub': 'Models of the Hugging Face Hub, fetched by its own client into its own cache.',
  'python/maft/export': 'One agent as a folder that others load.',
  'python/maft/grade': 'Math-Verify in processes with a time limit.',
  'python/maft/tiny': "How the demo's model was made.",
  bench: 'What is measured by `npm run bench`.',
  'experiments/nights-without-progress': 'How often a gate that looks every night promotes by luck.',
  'experiments/skills-society': 'A simulated society of three skills, through the real voting and selection.',
};

const isCode = (name: string) => /\.(ts|py)$/.test(name);

/** Code files of a room, without those of the rooms in it. */
export function filesOf(room: string): string[] {
  const entries = readdirSync(join(repositoryRoot(), room), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && isCode(entry.name))
    .map(({ name }) => name)
    .sort();
}

/** Folders with code below these, tests aside. */
export function foldersWithCode(
  below: readonly string[] = ['workflows', 'activities', 'src', 'python', 'bench', 'experiments'],
): string[] {
  return below.flatMap((folder) => {
    const entries = readdirSync(join(repositoryRoot(), folder), { withFileTypes: true });
    const inner = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('__'));
    const own = entries.some((entry) => entry.isFile() && isCode(entry.name)) ? [folder] : [];
    return [...own, ...foldersWithCode(inner.map(({ name }) => `${folder}/${name}`))];
  });
}

/** The first sentence of a file's header comment; empty if it has none. */
export function firstSentence(file: string): string {
  const text = readFileSync(join(repositoryRoot(), file), 'utf8');
  const said = file.endsWith('.py')
    ? /^(?:#!.*\n)?"""([\s\S]*?)"""/.exec(text)?.[1]
    : /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(text)?.[1]?.replaceAll(/^ \* ?/gm, '');
  const plain = (said ?? '').replaceAll(/\s+/g, ' ').trim();
  return /^.*?[.?](?= [A-Z`'"]|$)/.exec(plain)?.[0] ?? plain;
}

export function mapOfTree(): string {
  return Object.entries(rooms).map(roomSection).join('\n\n');
}

function roomSection([room, purpose]: [string, string]): string {
  const rows = filesOf(room).map(
    (name) => `| \`${name}\` | ${firstSentence(`${room}/${name}`).replaceAll('|', '\\|')} |`,
  );
  return [`## ${room}`, '', purpose, '', '| file | |', '|---|---|', ...rows].join('\n');
}
