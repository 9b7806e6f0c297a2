/** `maft select` on 5,000 synthetic debates of five members and three rounds: seconds and peak memory. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Transcript } from '../src/contract/transcript';
import { agentOf, memberNumbers } from '../src/domain/identifiers';
import { commandLineScript } from '../src/machine/paths';
import type { Benchmark, BenchmarkResult } from './measurement';
import { peakMemoryVariable } from './report-peak-memory';

const size = { problems: 5_000, members: 5, rounds: 3 };

export const selection: Benchmark = {
  name: 'selection',
  title: 'maft select, 5,000 debates of 5 x 3',
  run: measure,
};

async function measure(): Promise<BenchmarkResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'maft-bench-select-'));
  try {
    const file = path.join(folder, 'transcripts.jsonl');
    const bytes = await writeTranscripts(file);
    const { seconds, peakMiB } = await runSelect(file, folder);
    return {
      benchmark: selection.name,
      measurements: [
        {
          measure: 'seconds, start of the program included',
          value: seconds,
          unit: 's',
          target: { kind: 'at most', value: 10 },
        },
        { measure: 'peak memory', value: peakMiB, unit: 'MiB', target: { kind: 'at most', value: 1_024 } },
      ],
      setting: { ...size, transcriptBytes: bytes },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeTranscripts(file: string): Promise<number> {
  const stream = createWriteStream(file);
  for (let problem = 0; problem < size.problems; problem++) {
    if (!stream.write(`${JSON.stringify(syntheticDebate(problem))}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
  return stream.bytesWritten;
}

/** Unvoted, so that voting is measured as well; about a third of the answers differ. */
function syntheticDebate(problem: number): Omit<Transcript, 'consensus'> {
  const rounds = memberNumbers(size.rounds).map((round) => ({
    round,
    turns: memberNumbers(size.members).map((member) => {
      const answer = String(100 + ((problem * 7 + member * 3 + round * 5) % 3 === 0 ? member : 0));
      const asked = `problem ${problem}, asked of member ${member} in round ${round}: what is it?`;
      return {
        member,
        agent: agentOf(member, round),
        model: 'base',
        messages: [{ role: 'user' as const, content: asked }],
        response: `${'I reason step by step. '.repeat(10)}#${answer}`,
        finishReason: 'stop' as const,
        usage: { promptTokens: 40, completionTokens: 60 },
        answer,
      };
    }),
  }));
  const problemId = `arithmetic-${String(problem).padStart(6, '0')}`;
  return { problemId, iteration: 1, split: 'train', question: `problem ${problem}`, rounds };
}

async function runSelect(file: string, folder: string): Promise<{ seconds: number; peakMiB: number }> {
  const memoryFile = path.join(folder, 'peak-memory');
  const options = ['select', '--transcripts', file, '--task', 'arithmetic', '--out', path.join(folder, 'sets')];
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ['--require', path.join(__dirname, 'report-peak-memory.js'), commandLineScript(), ...options],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, [peakMemoryVariable]: memoryFile } },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  const seconds = (performance.now() - began) / 1_000;
  if (code !== 0) throw new Error(`maft select ended with exit code ${code}`);
  return { seconds, peakMiB: Number(await readFile(memoryFile, 'utf8')) / 1_024 };
}
