import { BridgeError } from "../contract/errors.ts";
import type { Kind } from "../contract/kind.ts";
import { type Route, type RouteInput, routeSchema } from "../contract/route.ts";
import type { Runner } from "../contract/runner.ts";

/** What a message is matched by. `sender` null: unknown, only everyone's routes match. */
export interface RouteQuery {
  readonly kind: string;
  readonly sender: string | null;
  /** The runner that a caller asks for; null: any. */
  readonly runner: string | null;
}

/**
 * Why a rule does not take a message: it is of another kind, another runner was asked for, its sender is not named,
 * or the platform does not say who sent it.
 */
export type RouteRefusal = "other_kind" | "other_runner" | "sender_not_named" | "sender_unknown";

/** Why a rule does not take a message; null where it does. */
export function refusalOf(route: Route, { kind, sender, runner }: RouteQuery): RouteRefusal | null {
  if (route.kind !== kind) return "other_kind";
  if (runner !== null && route.runner !== runner) return "other_runner";
  if (route.from === "*") return null;
  if (sender === null) return "sender_unknown";
  return route.from.includes(sender) ? null : "sender_not_named";
}

/** The routing table: loaded once, checked as a whole. */
export interface RoutingTable {
  readonly routes: readonly Route[];
  /** The first rule that allows it; undefined: nobody may. */
  match(query: RouteQuery): Route | undefined;
}

const firstIssue = (error: {
  issues: readonly { path: readonly PropertyKey[]; message: string }[];
}): string => {
  const issue = error.issues[0];
  const path = issue?.path.map(String).join(".") ?? "";
  return `${path === "" ? "" : `${path}: `}${issue?.message ?? "unknown"}`;
};

function checkRoute(
  input: RouteInput,
  index: number,
  known: { kinds: Kind[]; runners: Runner[] },
): Route {
  const fail = (detail: string): never => {
    throw new BridgeError("ROUTE_INVALID", { index, detail });
  };
  const parsed = routeSchema.safeParse(input);
  if (!parsed.success) return fail(firstIssue(parsed.error));
  const route = parsed.data;
  if (!known.kinds.some((kind) => kind.name === route.kind)) {
    const names = known.kinds.map((kind) => kind.name);
    return fail(new BridgeError("KIND_UNKNOWN", { kind: route.kind, known: names }).message);
  }
  const runner = known.runners.find((candidate) => candidate.name === route.runner);
  if (runner === undefined) {
    const names = known.runners.map((candidate) => candidate.name);
    return fail(new BridgeError("RUNNER_UNKNOWN", { runner: route.runner, known: names }).message);
  }
  const options = runner.options.safeParse(route.options);
  if (!options.success) return fail(`options of ${runner.name}: ${firstIssue(options.error)}`);
  return route;
}

/**
 * Checks and loads the routes.
 *
 * @throws BridgeError ROUTE_INVALID when a route is malformed, names an unknown kind or runner, or the runner refuses its options
 */
export function loadRoutes(
  inputs: readonly RouteInput[],
  kinds: Iterable<Kind>,
  runners: Iterable<Runner>,
): RoutingTable {
  const known = { kinds: [...kinds], runners: [...runners] };
  const routes = inputs.map((input, index) => checkRoute(input, index, known));
  return {
    routes,
    match: (query) => routes.find((route) => refusalOf(route, query) === null),
  };
}
