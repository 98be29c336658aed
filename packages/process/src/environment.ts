import { markVariable } from "./process-mark.ts";

/**
 * What a child gets without being asked: where programs and temporary files are, who the user is, and
 * how text looks. Nothing here is a secret or points the child at another server.
 */
export const basicVariables: readonly string[] = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LANGUAGE",
  "LC_*",
  "TZ",
  "TERM",
  "COLORTERM",
  "TMPDIR",
  "TMP",
  "TEMP",
];

export interface EnvironmentRules {
  /** Names taken from the source besides `basicVariables`; a trailing `*` takes every name that begins so. */
  readonly names?: readonly string[];
  /** Entries set whatever the source has. */
  readonly entries?: Readonly<Record<string, string>>;
}

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const rulePattern = /^[A-Za-z_][A-Za-z0-9_]*\*?$/;

/**
 * Builds a child's environment from an allow-list: what no rule names does not reach the child. The mark of
 * a run is never copied, since it would make the child look like a part of the run that its parent is in.
 *
 * @throws TypeError when a rule or an entry's name is not a name (`*` alone is refused: it is no allow-list),
 *   or a value holds a NUL; the error never contains a value
 */
export function allowedEnvironment(
  source: Readonly<Record<string, string | undefined>>,
  rules: EnvironmentRules = {},
): Record<string, string> {
  const isAllowed = matcherOf([...basicVariables, ...(rules.names ?? [])]);
  const environment = new Map<string, string>();
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && name !== markVariable && isAllowed(name))
      environment.set(name, value);
  }
  for (const [name, value] of Object.entries(rules.entries ?? {})) {
    if (!namePattern.test(name)) throw new TypeError(`"${name}" is not the name of a variable.`);
    if (value.includes("\0")) throw new TypeError(`The value of ${name} holds a NUL character.`);
    environment.set(name, value);
  }
  return Object.fromEntries(environment);
}

function matcherOf(rules: readonly string[]): (name: string) => boolean {
  const names = new Set<string>();
  const prefixes: string[] = [];
  for (const rule of rules) {
    if (!rulePattern.test(rule)) {
      throw new TypeError(`"${rule}" is neither the name of a variable nor the beginning of one.`);
    }
    if (rule.endsWith("*")) prefixes.push(rule.slice(0, -1));
    else names.add(rule);
  }
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
