/** What each measure is called, its unit, and which direction means a more diverse society: said once, for page and docs. */

export interface MeasureDescription {
  /** As in `evaluation.measures`; absent for what is always measured. */
  name?: string;
  label: string;
  unit: string;
  formula: string;
  /** Direction of the measure in a more diverse society. */
  moreDiverse: 'higher' | 'lower' | 'neither';
  direction: string;
  needs: string;
}

export const measureCatalogue = {
  agreement: {
    name: 'agreement',
    label: 'Agreement',
    unit: 'share',
    formula: 'mean over problems with a consensus of winning group / parsed last-round answers',
    moreDiverse: 'lower',
    direction: 'lower is more diverse',
    needs: 'the transcripts',
  },
  embedding: {
    name: 'embedding',
    label: 'Embedding dissimilarity',
    unit: '1 - cosine',
    formula: 'mean over problems of the mean over pairs of members of 1 - cos(e_i, e_j)',
    moreDiverse: 'higher',
    direction: 'higher is more diverse',
    needs: 'an endpoint with `/v1/embeddings`; N of 2 or more',
  },
  heldOutLikelihood: {
    name: 'nll',
    label: 'Negative log-likelihood under a held-out critic',
    unit: 'nats per token',
    formula: '-log p_k(y) per token for responses y of critics i and j, averaged over the triples i, j | k',
    moreDiverse: 'higher',
    direction: 'higher is more diverse: a critic finds the others less predictable',
    needs: 'an endpoint that scores; N of 3 or more, or one model for all agents, or `evaluation.scorer`',
  },
  klBetweenAgents: {
    name: 'kl-agents',
    label: 'KL divergence between agents',
    unit: 'nats per token',
    formula: 'E over y ~ i of [log p_i(y) - log p_j(y)] per token, averaged over the ordered pairs of one role',
    moreDiverse: 'higher',
    direction: 'higher is more diverse',
    needs: 'an endpoint that scores; N of 2 or more',
  },
  klFromBase: {
    name: 'kl-base',
    label: 'KL divergence from the base',
    unit: 'nats per token',
    formula: 'E over y ~ i of [log p_i(y) - log p_base(y)] per token, averaged over the agents of one role',
    moreDiverse: 'neither',
    direction: 'drift, not diversity: higher is further from where the agents began',
    needs: 'an endpoint that scores, and serves the base model',
  },
  criticReading: {
    name: 'critic-reading',
    label: 'Critic reading',
    unit: 'percentage points',
    formula: 'right revisions given (own answer wrong, others right) - right revisions given (own wrong, others wrong)',
    moreDiverse: 'neither',
    direction: 'below 5 points critics do not use what they read; as much copying is conformity',
    needs: 'reference answers; N and M of 2 or more; a vote at that iteration (`evaluation.votes`)',
  },
  coverage: {
    label: 'Any-of-N coverage',
    unit: 'share',
    formula: 'share of problems that at least one member answers rightly',
    moreDiverse: 'higher',
    direction: 'further above the members’ own accuracy is more diverse: they fail on different problems',
    needs: 'reference answers',
  },
  commonestText: {
    label: 'Commonest text',
    unit: 'share',
    formula: 'share of responses that are the one commonest text, over all problems and members',
    moreDiverse: 'lower',
    direction: 'lower is more diverse; near 1 everybody says one thing whatever is asked',
    needs: 'the transcripts',
  },
} as const satisfies Record<string, MeasureDescription>;
