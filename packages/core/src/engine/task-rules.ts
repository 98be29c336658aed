import type { Route, TaskRules } from "../contract/route.ts";
import { canonicalJson } from "../plain-data.ts";

/** What of a route is stored with a task. */
export function rulesOf(route: Route): TaskRules {
  const { kind, from, runner, options, recover, unknownReply, turn, budget } = route;
  return {
    options,
    recover,
    unknownReply,
    ...(turn === undefined ? {} : { turn }),
    ...(budget === undefined
      ? {}
      : { budget: { name: canonicalJson({ kind, from, runner }), ...budget } }),
  };
}
