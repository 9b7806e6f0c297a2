/** What `maft probe-critics` is asked about: a base model in the roles of an untuned society, or a finished society. */
import { join } from 'node:path';
import { readSealed } from '../../artifacts/sealed';
import type { RunRecord } from '../../contract/run';
import type { RunSpecification } from '../../contract/specification';
import { runKeys } from '../../domain/keys';
import { embeddedEndpoint, untunedSociety, type UnversionedSociety } from '../../domain/society';
import { ConfigError, InvalidRunSpec } from '../../errors';
import { dataDirectory, repositoryRoot } from '../../machine/paths';
import type { ArtifactStore } from '../../ports';
import { findSociety } from '../../stored-runs/find-society';
import { readsCharacters, type FoundBase } from '../../machine/setup/model-folder';
import { loadSpecificationFile, resolveSpecification } from '../../specification';
import { evaluationSpecification, parseEvaluationRequest } from '../../specification/evaluation';
import { normalise } from '../../specification/normalise';
import { isPlainObject, merge, valueAt, without, type PlainObject } from '../../specification/plain-objects';
import { shownValue } from '../../specification/problems';

export interface ProbeRequest {
  /** BASE, RUN or RUN@ITERATION. */
  name: string;
  /** Settings of the task, or, as a string, the path of a specification or of a file with these settings. */
  task: object | string | undefined;
  problems: number | undefined;
  seed: number | undefined;
  /** Endpoint that serves the base model. */
  endpoint: string;
  prompts: string | undefined;
  /** Finds or fetches a base model that the embedded server is to serve. */
  findBase: (name: string) => Promise<FoundBase>;
}

export interface ProbeSubject {
  kind: 'base' | 'society';
  /** As `RUN@ITERATION`, or as the base was named. */
  name: string;
  society: UnversionedSociety;
  /** The critics are asked its `task`; `task.eval` is the number of problems. */
  specification: RunSpecification;
  /** For the reader: where the settings came from. */
  notice?: string;
}

/** Cheap enough for every run; more only on request. */
const usualProblems = 200;

/** Throws `InvalidRunSpec` or `ConfigError` if the subject does not exist in the store or on disk, or has no critics. */
export async function probeSubject(store: ArtifactStore, request: ProbeRequest): Promise<ProbeSubject> {
  const subject = (await isRun(store, request)) ? await tunedSubject(store, request) : await untunedSubject(request);
  const { members, rounds } = subject.society;
  if (members >= 2 && rounds >= 2) return subject;
  throw new InvalidRunSpec([
    `${subject.name}: with ${members} members and ${rounds} rounds there are no critics that read others; probe a method that debates`,
  ]);
}

async function isRun(store: ArtifactStore, { name, endpoint }: ProbeRequest): Promise<boolean> {
  if (endpoint !== embeddedEndpoint || !/^[A-Za-z0-9._-]+(@\w+)?$/.test(name)) return false;
  if (name.includes('@')) return true;
  return (await readSealed<RunRecord>(store, runKeys.record(name))) !== undefined;
}

async function tunedSubject(store: ArtifactStore, request: ProbeRequest): Promise<ProbeSubject> {
  const { name, seed, prompts } = request;
  if (prompts !== undefined) {
    throw new InvalidRunSpec(['--prompts: a society is asked with the prompts of its own run; leave it out']);
  }
  const found = await findSociety(store, name, 'society');
  const { specification: own } = found.record;
  const task = (await settingsOf(request.task)).task ?? own.evalTask ?? own.task;
  const asked = { society: name, task: sized(task, request.problems), ...(seed === undefined ? {} : { seed }) };
  const { specification } = resolveSpecification(evaluationSpecification(parseEvaluationRequest(asked), found));
  const { society } = found;
  return { kind: 'society', name: `${society.runId}@${society.iteration}`, society, specification };
}

async function untunedSubject(request: ProbeRequest): Promise<ProbeSubject> {
  const { name, endpoint, seed, prompts } = request;
  const given = await settingsOf(request.task);
  const found = endpoint === embeddedEndpoint ? await baseOf(request) : undefined;
  const asExample = found !== undefined && !given.isWhole && readsCharacters(found);
  const settings = asExample ? overExample(await specificationIn(characterExample()), given) : given.settings;
  if (settings.task === undefined) {
    throw new InvalidRunSpec(['--task: missing; a base model needs one, such as gsm8k or examples/demo.yaml']);
  }
  const { specification } = resolveSpecification(
    merge(settings, {
      task: sized(settings.task, request.problems),
      ...(seed === undefined ? {} : { seed }),
      ...(prompts === undefined ? {} : { method: { prompts } }),
      model: { base: found?.base ?? name, endpoint },
    }),
  );
  const notice = `${name} reads single characters: what no option says is as in examples/demo.yaml`;
  const society = untunedSociety('probe', specification);
  return { kind: 'base', name, society, specification, ...(asExample ? { notice } : {}) };
}

async function baseOf({ name, findBase }: ProbeRequest): Promise<FoundBase> {
  try {
    return await findBase(name);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${error.message}; and no run of the store has that name`);
  }
}

const characterExample = () => join(repositoryRoot(), 'examples', 'demo.yaml');

/** Includes the example's task unless one of another kind was given. */
function overExample(example: PlainObject, { settings, task }: GivenSettings): PlainObject {
  const isSameKind = task === undefined || valueAt(task, ['kind']) === valueAt(example.task, ['kind']);
  return merge({ ...example, task: isSameKind ? example.task : {} }, settings) as PlainObject;
}

interface GivenSettings {
  /** Settings of a specification; at least `task`, if anything was given. */
  settings: PlainObject;
  task?: unknown;
  /** Whether it is a whole specification, which also defines how models are asked. */
  isWhole: boolean;
}

/** @param task Settings of a task, or a file that holds them or a specification. */
async function settingsOf(task: ProbeRequest['task']): Promise<GivenSettings> {
  if (task === undefined) return { settings: {}, isWhole: false };
  if (typeof task !== 'string') return { settings: { task }, task, isWhole: false };
  const content = await loadSpecificationFile(task, dataDirectory());
  if (isPlainObject(content) && Object.hasOwn(content, 'kind'))
    return { settings: { task: content }, task: content, isWhole: false };
  const settings = await specificationIn(task);
  return { settings, task: settings.task, isWhole: true };
}

/** A run's or a comparison's file, without the settings for training and comparing. */
async function specificationIn(file: string): Promise<PlainObject> {
  const content = await loadSpecificationFile(file, dataDirectory());
  if (!isPlainObject(content)) throw new InvalidRunSpec([`${file}: ${shownValue(content)} is not a specification`]);
  const { tasks } = content;
  const [first] = Array.isArray(tasks) ? (tasks as unknown[]) : [];
  const { specification } = normalise(
    without(
      content,
      notAsked.map((field) => [field]),
    ),
  );
  return { ...specification, task: content.evalTask ?? content.task ?? first };
}

const notAsked = ['methods', 'seeds', 'tasks', 'baseline', 'task', 'evalTask', 'model', 'stopWhen', 'guard'];

/** The task with as many evaluation problems as are asked about. */
function sized(task: unknown, problems: number | undefined): unknown {
  if (!isPlainObject(task)) return task;
  const asWritten = typeof task.eval === 'number' ? task.eval : usualProblems;
  return { ...task, eval: problems ?? Math.min(asWritten, usualProblems) };
}
