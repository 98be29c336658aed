import type { BridgeParts, Limits } from "../contract/bridge.ts";
import { BridgeError } from "../contract/errors.ts";
import { defaultLimits, type Engine } from "./engine.ts";
import { promptKind } from "./prompt-kind.ts";
import { defaultRetention } from "./retention.ts";
import { loadRoutes } from "./routing.ts";

/** What of a bridge is data: what decides where a message goes, without a store and before anything runs. */
export type Declarations = Pick<
  Engine,
  "kinds" | "routing" | "runners" | "channels" | "limits" | "retention"
>;

/** The parts that declare. */
export type DeclaredParts = Pick<
  BridgeParts,
  "kinds" | "routes" | "runners" | "channels" | "limits" | "retention"
>;

function byName<T extends { readonly name: string }>(
  what: string,
  items: readonly T[],
): ReadonlyMap<string, T> {
  const map = new Map<string, T>();
  for (const item of items) {
    if (map.has(item.name)) throw new BridgeError("NAME_DUPLICATE", { what, name: item.name });
    map.set(item.name, item);
  }
  return map;
}

function limitsOf(given: BridgeParts["limits"]): Limits {
  return {
    ...defaultLimits,
    ...given,
    turn: { ...defaultLimits.turn, ...given?.turn },
    quotas: { ...defaultLimits.quotas, ...given?.quotas },
  };
}

/** Checks the parts that declare. @throws BridgeError ROUTE_INVALID, NAME_DUPLICATE */
export function declarationsOf(parts: DeclaredParts): Declarations {
  const kinds = byName("kinds", [promptKind, ...(parts.kinds ?? [])]);
  const runners = byName("runners", parts.runners);
  const pairs = parts.runners.flatMap(({ toolPair }) => toolPair ?? []);
  byName(
    "tools",
    pairs.flatMap(({ start, reply }) => [start, reply]),
  );
  return {
    kinds,
    runners,
    channels: byName("channels", parts.channels ?? []),
    routing: loadRoutes(parts.routes, kinds.values(), runners.values()),
    limits: limitsOf(parts.limits),
    retention: { ...defaultRetention, ...parts.retention },
  };
}
