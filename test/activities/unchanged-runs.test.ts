/**
 * Runs of specifications that exist already stay what they are, byte for byte: what models are asked, what transcripts
 * and training sets hold, which trainings are described. The digests were recorded before the settings of `method` grew;
 * a change here changes every result, and needs a reason and a line in the changelog.
 */
import { requireSealed } from '../../src/artifacts/sealed';
import type { SelectionReport } from '../../src/contract/training';
import { iterationKeys } from '../../src/domain/keys';
import { canonicalJson, digestOf, sha256 } from '../../src/domain/digests';
import { nameOfBase } from '../../src/domain/society';
import { localJobId } from '../../src/providers/local-trainer';
import { activityWorld, evaluationShard, trainingShard } from '../support/activity-world';
import { fakeBaseModel } from '../support/fake-ports';

interface Digests {
  requests: string;
  transcripts: string;
  trainingSets: string;
  selection: string;
  evaluation: string;
  jobs: string;
}

const task = { kind: 'arithmetic', max: 10, heldOut: true, train: 12, eval: 8 };
const small = { task, model: { base: fakeBaseModel }, iterations: 1 };

/** The settings of examples/demo.yaml as they were. */
const demo = {
  name: 'demo',
  seed: 1,
  method: { preset: 'multiagent-finetuning', prompts: 'compact', correctedShare: 0.25, minimumAgreement: 0.5 },
  sampling: { temperature: 1, topP: 1, maxTokens: 80 },
  finetuning: { weights: 'full', epochs: 2, learningRate: 1.0e-4, batchSize: 16, maxLength: 400 },
  execution: { shardsInFlight: 8, problemsInFlight: 12 },
};
const compact = { prompts: 'compact' };

const recorded: [string, object, Digests][] = [
  [
    'the demo',
    demo,
    {
      requests: '71325cd12098149d70da9e972fc3ccd13ed758d23459ac0e82cf14543374c61f',
      transcripts: 'f8f17bed26eb283566bf49be5838a650fde617292818590fb5cfb011bddef581',
      trainingSets: '7141d41498cec8f058ce2557414e176474770fea219a9d0d3623acfa4cfbff3e',
      selection: '03d6026920e40e107bf77972b62087dba59871f47e83dc47c5187455d322e368',
      evaluation: '4639632be78ab710e10f0d6d2f4552e5ede4d5c16d8afdcd6d732ae6f6ab0dab',
      jobs: 'c72187301440fe5f9bb0d63e71ab4c0680b85daa4a24a00576ec1af26b4ea82d',
    },
  ],
  [
    'majority finetuning',
    { method: { preset: 'majority-finetuning', ...compact } },
    {
      requests: '813b286f24ecfad2fac5b539422a10ea48aa92dcd0b40917c8376dca563a65ce',
      transcripts: '33b611a72b1fd698732991eaf862e7669a2f8680bcaebb188469bfd5532ceca5',
      trainingSets: 'a35fcc68721ede9f76d89331c06cfcc0f2cf7fabaf71c00c3aa1a8681fba8339',
      selection: '2a73e6f9d479d6116f4267296dd582c1d2ddb28682321716c02b71b2a0f9247a',
      evaluation: '26d25ba3f951fda7478492af9ad3c148d176ec0f245881b642b2a5a0f4153050',
      jobs: '1f378ed97841389aa49c7e7b9e42d8c80db02b82a6466aa9a3a16ef5f5bcb249',
    },
  ],
  [
    'a single agent',
    { method: { preset: 'single-agent', ...compact } },
    {
      requests: 'cd0393d0857f63555b8ce33967985897e3d686b83c51fc48e776eb147a8b58bb',
      transcripts: '4f7e9368b3e57fe181f3ef729a70fec709118b2c045c645f8effeacdf9eef21d',
      trainingSets: '071077b5f6ea788c8cdc360f492e2a6fd6269b9a4024ae17cd7514796e08518b',
      selection: '11a3179c4cdc3452b7b44e81b47400ca80abe7e431bc680a110496bb8023adad',
      evaluation: '0a72e07001df290b09b34f13e80ca5367f2ef0530ada974ee307c2081e04ad00',
      jobs: '7df086951eeadad5246a6b952bde2ab52162f81668d468ba210b606b203bbbba',
    },
  ],
  [
    'the method without summaries',
    { method: { preset: 'without-summary', ...compact } },
    {
      requests: 'c7060b6eed67e9aa45e5cc67f945bd69666da436fffd21a6c35e87e82a892e2e',
      transcripts: 'cfd9e69869d36114c5b5b820264b698897f003722d4dc868659a97300c72b91a',
      trainingSets: 'f451b2755f36aba4fb42d8fbd9396f8fe83d61e2e18cbf4fe9a2fd3eca057f0f',
      selection: '430f029262efb3d797beb18988add0a949c4465d705b5980b14b78e8b1ad4443',
      evaluation: 'c57c4ed06cd131bfe066f5ba93bb9f77aa7166df0d0de93fdb47b0fbe164973e',
      jobs: 'abcde472114bdae2fd8a47105ff09769315d8f7aee17fa4d591363e73240cf5d',
    },
  ],
  [
    'three rounds with weighted loss, as the code trains',
    { method: { ...compact, rounds: 3, mixing: 'weighted-loss', criticTarget: 'all-rounds' } },
    {
      requests: 'b7193ac0e2b7239dbdaaed84b9d3c21f3eae254309e89f1e5c3b174a0a275713',
      transcripts: '7c30a71e76a3579ca83a33af6acbfb4e57938de90adabcca861f37c9632fae31',
      trainingSets: 'a16ebd8556197e2e17324f8fc36e024cfe74d3dff1659eed764b8dd5eb37cd4f',
      selection: '8b11da1d2813fee6329eb89163bed67848804c53095688633ff6a351d86d33a4',
      evaluation: '3c5264f70b3cc1b4fdf9f028e80ae30892450590822e9775a46780ed87a113b9',
      jobs: '47a8d766cf3481b9cf3f2bf522e3b150fee5436f7711e263f16dfc5c69ca0bd2',
    },
  ],
  [
    'the paper`s prompts',
    {},
    {
      requests: 'cd0393d0857f63555b8ce33967985897e3d686b83c51fc48e776eb147a8b58bb',
      transcripts: '4f7e9368b3e57fe181f3ef729a70fec709118b2c045c645f8effeacdf9eef21d',
      trainingSets: '9ae5ea2df03980da6cb4f13fd366ce21af2b2cdc4c6a8c2f140df689f24a4d71',
      selection: '6eb0a4fe2daeb93747def123d513fa4a1931f9b7624da458303023d1aa084ebd',
      evaluation: '0a72e07001df290b09b34f13e80ca5367f2ef0530ada974ee307c2081e04ad00',
      jobs: 'f4bdcc574e75e8d0db1fa3e8c4c3799415548c04f2fc64b6f0a1f76bd77254ab',
    },
  ],
  [
    'a selection by reference answers',
    { method: { ...compact, select: 'reference' } },
    {
      requests: 'cd0393d0857f63555b8ce33967985897e3d686b83c51fc48e776eb147a8b58bb',
      transcripts: '4f7e9368b3e57fe181f3ef729a70fec709118b2c045c645f8effeacdf9eef21d',
      trainingSets: '9a68d7a209a36b7b0996dccc1be2ac2012a8b938db031168efc8ea6d03fa5cd7',
      selection: '75a48731ec0f136b4a3223a112795e7cfae4990e0094202b4ccac8171d655d3f',
      evaluation: '0a72e07001df290b09b34f13e80ca5367f2ef0530ada974ee307c2081e04ad00',
      jobs: '5604ef617105c56e148169404a2867274a5e5260cdea756aed661c3f1cf02a22',
    },
  ],
];

test.each(recorded)('%s asks, selects and trains what it always did', async (_, changes, digests) => {
  expect(await digestsOf({ ...changes, ...small })).toEqual(digests);
});

/** Iteration 0 evaluated, iteration 1 debated, selected and finetuned. */
async function digestsOf(specification: object): Promise<Digests> {
  const world = await activityWorld();
  try {
    const plan = await world.resolve('unchanged', specification);
    const evaluated = await world.debate(evaluationShard(plan));
    await world.call('scoreEvaluation', { plan, iteration: 0, shards: [evaluated] });
    const debated = await world.debate(trainingShard(plan));
    await world.call('selectTrainingData', { plan, iteration: 1, transcripts: [debated.transcripts] });
    for (const agent of plan.trainedAgents) {
      await world.call('finetuneAgent', { runId: plan.runId, iteration: 1, agent });
    }
    const place = { runId: plan.runId, iteration: 1 };
    const read = async (key: string) => (await world.store.read(key))?.toString() ?? 'nothing';
    const sets = plan.trainedAgents.map((agent) => read(iterationKeys.trainingSet(place, agent)));
    const transcripts = [evaluated, debated].map((shard) => read(shard.transcripts.key));
    const machine = { device: 'cpu', threads: 1 } as const;
    const jobs = world.trainer.requests.map((request) => {
      // On the embedded server nothing is left out, as before there was such a field.
      expect(request.leaveOutSpelledTokens).toBe(false);
      const { base, settings, seed } = request;
      const job = { jobId: localJobId(request, machine), servedBase: nameOfBase(base), ...settings, seed, ...machine };
      // How many paths a job had.
      return { ...job, paths: 5 };
    });
    return {
      requests: sha256(world.inference.requests.map(canonicalJson).sort().join('\n')),
      transcripts: sha256((await Promise.all(transcripts)).join('')),
      trainingSets: sha256((await Promise.all(sets)).join('\n')),
      selection: sha256(asRecorded(await requireSealed<SelectionReport>(world.store, iterationKeys.selection(place)))),
      evaluation: sha256(await read(iterationKeys.evaluation({ ...place, iteration: 0 }))),
      jobs: sha256(canonicalJson(jobs)),
    };
  } finally {
    await world.remove();
  }
}

/** The file as it was when selections did not name the digests of their training sets yet. */
function asRecorded({ agents, ...selection }: SelectionReport): string {
  const before = { ...selection, agents: agents.map(({ trainingSetSha256: _, ...agent }) => agent) };
  return `${JSON.stringify({ ...before, sha256: digestOf(before) })}\n`;
}
