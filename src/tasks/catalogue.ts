/** The public data sets: where they are published, under which licence, and the digests of the files as they are. */
import type { DataKind } from './index';

export interface PublicFile {
  url: string;
  /** SHA-256 (hex) of what the address gives. */
  sha256: string;
  bytes: number;
  /** Below the task's folder; of an archive (`.tar`) the content goes there, without its outermost folder. */
  name: string;
}

export interface PublicData {
  kind: Exclude<DataKind, 'jsonl'>;
  title: string;
  licence: string;
  homepage: string;
  /** The folder below MAFT_DATA of specifications that name none. */
  folder: string;
  expected: string;
  /** What to know before trying the addresses. */
  notice?: string;
  files: readonly PublicFile[];
}

const gsm8kFiles =
  'https://raw.githubusercontent.com/openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c/grade_school_math/data';

export const publicData: readonly PublicData[] = [
  {
    kind: 'gsm8k',
    title: 'GSM8K (Cobbe et al. 2021): 7,473 training and 1,319 test problems',
    licence: 'MIT',
    homepage: 'https://github.com/openai/grade-school-math',
    folder: 'gsm8k',
    expected: 'train.jsonl and test.jsonl',
    files: [
      {
        url: `${gsm8kFiles}/train.jsonl`,
        sha256: '17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465',
        bytes: 4_166_206,
        name: 'train.jsonl',
      },
      {
        url: `${gsm8kFiles}/test.jsonl`,
        sha256: '3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14',
        bytes: 749_738,
        name: 'test.jsonl',
      },
    ],
  },
  {
    kind: 'math',
    title: 'MATH (Hendrycks et al. 2021): 7,500 training and 5,000 test problems in five levels',
    licence: 'MIT, disputed since January 2025',
    homepage: 'https://github.com/hendrycks/math',
    folder: 'MATH',
    expected: 'train/<subject>/<n>.json and test/<subject>/<n>.json, or train.jsonl and test.jsonl',
    notice:
      'its address is reported as taken down since January 2025 (https://github.com/hendrycks/math/issues/29); docs/tasks.md says how to bring a copy of your own',
    files: [
      {
        url: 'https://people.eecs.berkeley.edu/~hendrycks/MATH.tar',
        sha256: '0fbe4fad0df66942db6c221cdcc95b298cc7f4595a2f0f518360cce84e90d9ac',
        bytes: 20_327_424,
        name: 'MATH.tar',
      },
    ],
  },
  {
    kind: 'mmlu',
    title: 'MMLU (Hendrycks et al. 2021): 14,042 test questions in 57 subjects, and auxiliary training questions',
    licence: 'MIT',
    homepage: 'https://github.com/hendrycks/test',
    folder: 'mmlu',
    expected: 'auxiliary_train/*.csv, dev/*.csv, val/*.csv and test/*.csv, or JSON lines',
    files: [
      {
        url: 'https://huggingface.co/datasets/cais/mmlu/resolve/main/data.tar',
        sha256: 'bec563ba4bac1d6aaf04141cd7d1605d7a5ca833e38f994051e818489592989b',
        bytes: 166_184_960,
        name: 'data.tar',
      },
    ],
  },
];
