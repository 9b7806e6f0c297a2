/** The environment that a child gets: ours without the keys, which only workers need, to ask endpoints. */

/** Names that hold something secret by the usual conventions: HOSTED_API_KEY, HF_TOKEN, AWS_SECRET_ACCESS_KEY, PGPASSWORD. */
const secretName = /(^|_)(API_?KEY|KEY|TOKEN|SECRET|CREDENTIALS?)(_|$)|PASSWORD|PASSWD/i;

/** For model server, Temporal server, trainer and grader. */
export function withoutSecrets(environment: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secretName.test(name)));
}

/** Removes every key but one, for a command that is given our environment otherwise. */
export function noSecretBut(kept: string, environment: Record<string, string | undefined>): Record<string, undefined> {
  const others = Object.keys(environment).filter((name) => secretName.test(name) && name !== kept);
  return Object.fromEntries(others.map((name) => [name, undefined]));
}
