/** The tasks, a line each: a new one is its file in this folder and its line here. */
export * from './arithmetic';
export * from './gsm8k';
export * from './math';
export * from './mmlu';
export * from './jsonl';
export * from './module';
