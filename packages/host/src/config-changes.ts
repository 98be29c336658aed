import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config/config-schema.ts";

/** How two configurations differ, for people: a line each. */
export interface ConfigChanges {
  /** What a running daemon takes over. */
  readonly now: readonly string[];
  /** What it does not: it takes a new start. */
  readonly atNextStart: readonly string[];
}

/** The keys that a running daemon takes over; all others take effect at the next start. */
const hotKeys: ReadonlySet<string> = new Set([
  "routes",
  "limits",
  "retention",
] satisfies (keyof Config)[]);

/**
 * Tells what changes from one configuration to another.
 *
 * @param from.active what a running daemon follows in its routes, limits and retention
 * @param from.started what it was started with: everything else it follows until its end
 */
export function changesTo(
  next: Config,
  from: { readonly active: Config; readonly started: Config },
): ConfigChanges {
  const cold = [...new Set([...Object.keys(next), ...Object.keys(from.started)])].filter(
    (key) => key !== "$schema" && key !== "plugins" && !hotKeys.has(key),
  ) as (keyof Config)[];
  return {
    now: [
      ...routeChanges(from.active, next),
      ...valueChanges("limits", from.active, next),
      ...valueChanges("retention", from.active, next),
    ],
    atNextStart: [
      ...pluginChanges(from.started, next),
      ...cold.filter((key) => !isDeepStrictEqual(from.started[key], next[key])),
    ],
  };
}

function routeChanges(before: Config, after: Config): readonly string[] {
  if (isDeepStrictEqual(before.routes, after.routes)) return [];
  return [`routes: ${before.routes.length} before, ${after.routes.length} now`];
}

function valueChanges(
  key: "limits" | "retention",
  before: Config,
  after: Config,
): readonly string[] {
  const [old, now] = [flat(before[key], key), flat(after[key], key)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((name) => !isDeepStrictEqual(old.get(name), now.get(name)))
    .map((name) => `${name}: ${text(old.get(name))} before, ${text(now.get(name))} now`);
}

function pluginChanges(before: Config, after: Config): readonly string[] {
  const names = new Set([...Object.keys(before.plugins), ...Object.keys(after.plugins)]);
  return [...names].flatMap((name) => {
    const [old, now] = [before.plugins[name], after.plugins[name]];
    if (isDeepStrictEqual(old, now)) return [];
    // Options are not shown: there may be a secret among them.
    const how = old === undefined ? "added" : now === undefined ? "removed" : "other options";
    return [`plugins[${JSON.stringify(name)}]: ${how}`];
  });
}

function flat(value: object, path: string): ReadonlyMap<string, unknown> {
  return new Map(
    Object.entries(value).flatMap(([key, inner]: [string, unknown]): [string, unknown][] =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? [...flat(inner, `${path}.${key}`)]
        : [[`${path}.${key}`, inner]],
    ),
  );
}

const text = (value: unknown): string => (value === undefined ? "default" : JSON.stringify(value));
