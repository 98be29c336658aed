import { BridgeError } from "../contract/errors.ts";
import type { NewTask } from "../contract/intake.ts";
import type { JsonObject } from "../contract/json.ts";
import type { Route } from "../contract/route.ts";
import type { Engine } from "./engine.ts";
import { rulesOf } from "./task-rules.ts";

/** The rules of a task, narrowed by what its caller asked of the runner. @throws BridgeError INPUT_INVALID, NOT_ALLOWED */
export function narrowedRules(
  engine: Engine,
  route: Route,
  asked: JsonObject | undefined,
): NewTask["rules"] {
  const rules = rulesOf(route);
  if (asked === undefined || Object.keys(asked).length === 0) return rules;
  const what = `The options for "${route.runner}"`;
  const runner = engine.runners.get(route.runner);
  const taken = runner?.callerOptions?.schema.safeParse(asked);
  if (taken?.success !== true) {
    const issue = taken?.error.issues[0];
    const path = issue?.path.map(String).join(".") ?? "";
    const detail = issue === undefined ? "it takes none from a caller" : `${path} ${issue.message}`;
    throw new BridgeError("INPUT_INVALID", { what, detail: detail.trim() });
  }
  const narrowed = runner?.callerOptions?.within(
    runner.options.parse(route.options),
    taken.data as JsonObject,
  );
  if (narrowed === undefined || "refused" in narrowed)
    throw new BridgeError("NOT_ALLOWED", { what: narrowed?.refused ?? what });
  return { ...rules, options: narrowed.options };
}
