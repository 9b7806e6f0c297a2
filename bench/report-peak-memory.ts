/** Loaded into a measured process with `--require`: at its end it writes its peak resident memory (KiB) to a file. */
import { writeFileSync } from 'node:fs';

export const peakMemoryVariable = 'MAFT_BENCH_PEAK_MEMORY_FILE';

const file = process.env[peakMemoryVariable];
if (file !== undefined) process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS)));
