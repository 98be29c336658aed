import * as z from "zod";
import type { BridgeDescription, DescribedRunner } from "../contract/description.ts";
import type { JsonObject } from "../contract/json.ts";
import type { Principal } from "../contract/principal.ts";
import type { Runner } from "../contract/runner.ts";
import type { Engine } from "./engine.ts";
import { promptKind } from "./prompt-kind.ts";
import { senderOf } from "./requests.ts";

/** A schema is written once: kinds and runners do not change while a bridge lives. */
const written = new WeakMap<z.ZodType, JsonObject>();

/** The JSON Schema of what is given to a zod schema; `{}`, which takes everything, where there is none. */
function jsonSchemaOf(schema: z.ZodType): JsonObject {
  const known = written.get(schema);
  if (known !== undefined) return known;
  let made: JsonObject = {};
  try {
    made = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonObject;
  } catch {
    // A schema that zod can not write still parses what is sent; it is only not shown.
  }
  written.set(schema, made);
  return made;
}

function describeRunner(
  engine: Engine,
  runner: Runner,
  of: { isOperator: boolean; takesPrompts: boolean },
): DescribedRunner {
  const { name, capabilities, callerOptions, toolPair } = runner;
  const health = engine.health.get(name) ?? null;
  return {
    name,
    capabilities,
    health: health === null ? null : { ready: health.ready, version: health.version },
    problems: of.isOperator ? (health?.problems ?? []) : [],
    callerOptions: callerOptions === undefined ? null : jsonSchemaOf(callerOptions.schema),
    toolPair: of.takesPrompts ? (toolPair ?? null) : null,
  };
}

/** What a principal may use: of everything else it is not told that it is there. */
export function describeBridge(engine: Engine, principal: Principal): BridgeDescription {
  const isOperator = principal.type === "operator";
  const sender = principal.type === "peer" ? null : senderOf(principal);
  const own = engine.routing.routes.filter(
    ({ from }) => from === "*" || (sender !== null && from.includes(sender)),
  );
  const shown = isOperator ? engine.routing.routes : own;
  const kinds = new Set(shown.map(({ kind }) => kind));
  const runners = new Set(shown.map(({ runner }) => runner));
  return {
    kinds: [...engine.kinds.values()]
      .filter(({ name }) => kinds.has(name))
      .map(({ name, description, schema }) => ({
        name,
        description,
        schema: jsonSchemaOf(schema),
      })),
    routes: shown.map(({ kind, runner, from, options }) =>
      isOperator ? { kind, runner, from, options } : { kind, runner },
    ),
    runners: [...engine.runners.values()]
      .filter(({ name }) => runners.has(name))
      .map((runner) => {
        const takesPrompts = own.some(
          (route) => route.kind === promptKind.name && route.runner === runner.name,
        );
        return describeRunner(engine, runner, { isOperator, takesPrompts });
      }),
    limits: engine.limits,
  };
}
