import { BridgeError, isBridgeError } from "../contract/errors.ts";
import type { DeadLetterReason } from "../contract/intake.ts";
import type { Json, JsonObject } from "../contract/json.ts";
import { jsonObjectSchema } from "../contract/json.ts";
import type { Kind } from "../contract/kind.ts";
import type { Route, RouteInput } from "../contract/route.ts";
import type { Runner, RunnerAuthority, TurnLimits } from "../contract/runner.ts";
import { type Declarations, declarationsOf, type DeclaredParts } from "./declarations.ts";
import { readMessage, type Reading, Unreadable } from "./messages.ts";
import { placeRoutes, type PlacedRoute } from "./route-reach.ts";
import { checkPayload, parsePayload } from "./requests.ts";
import { refusalOf, type RouteQuery, type RouteRefusal } from "./routing.ts";
import { turnLimits } from "./turn-limits.ts";

/** A message as a person writes it down to ask what would become of it. */
export interface SupposedMessage {
  readonly kind: string;
  readonly payload: Json;
  /** The channel that it comes in at; null for a direct caller. */
  readonly channel: string | null;
  readonly workspace: string;
  /** Instead of the sender that its kind reads from it; undefined: that one, or `operator` for a direct caller. */
  readonly sender?: string | null;
  /** The runner that a direct caller asks for. */
  readonly runner: string | null;
}

/** What would become of a message. */
export interface Explanation {
  /** As routes name senders; null where the platform does not say. */
  readonly sender: string | null;
  /** Each rule up to the one that takes it, with why it does not; null for the one that does. */
  readonly rules: readonly { readonly index: number; readonly refusal: RouteRefusal | null }[];
  /** Why there would be no task: a dead letter of a channel's message, a refusal of a direct caller's. */
  readonly refused: {
    readonly reason: DeadLetterReason | "refused";
    readonly detail: string;
    /** A rule that would let it pass, where only that is missing. */
    readonly wouldAllow: RouteInput | null;
  } | null;
  readonly task: SupposedTask | null;
}

/** The task that a message would become. */
export interface SupposedTask {
  readonly index: number;
  readonly route: Route;
  readonly prompt: string;
  /** The key of its conversation; null: one of its own. */
  readonly conversation: string | null;
  /** Where the reply goes; null: nowhere, its end is the answer. */
  readonly destination: Json | null;
  readonly questions: "ask" | "decline";
  /** What the message reports on, if an earlier reply of ours has that reference: then it is only noted there. */
  readonly reportsOn: string | null;
  /** The options with the runner's defaults, where they are plain data. */
  readonly options: JsonObject;
  readonly limits: TurnLimits;
  /** How many turns with an agent there may be until a person writes; null for people. */
  readonly hops: number | null;
  /** Null where the runner does not say. */
  readonly authority: RunnerAuthority | null;
}

/** Tells what the declarations of a bridge come to, by the engine's own rules. Runs and stores nothing. */
export interface Explainer {
  readonly routes: readonly PlacedRoute[];
  explain(message: SupposedMessage): Explanation;
  /** What runs of a rule may do; null where its runner does not say. */
  authority(route: Route): RunnerAuthority | null;
}

type Read = Pick<Reading, "sender" | "key" | "prompt" | "destination" | "reportsOn">;

/** @throws Unreadable for a channel's message; BridgeError for a direct caller's */
function read(of: Declarations, message: SupposedMessage): { kind: Kind; reading: Read } {
  const { channel, workspace, payload, kind: name } = message;
  if (channel !== null) {
    const delivery = { id: "supposed", kind: name, workspace, payload, ack: null };
    return readMessage(of, delivery, { channel, workspace });
  }
  checkPayload(of, payload);
  const { kind, prompt } = parsePayload(of, name, payload);
  const reading = { sender: "operator", key: null, prompt, destination: null, reportsOn: null };
  return { kind, reading };
}

function rulesFor(routes: readonly Route[], query: RouteQuery): Explanation["rules"] {
  const rules = routes.map((route, index) => ({ index, refusal: refusalOf(route, query) }));
  const taking = rules.findIndex(({ refusal }) => refusal === null);
  return taking < 0 ? rules : rules.slice(0, taking + 1);
}

function optionsOf(runner: Runner, given: JsonObject): JsonObject {
  const parsed = runner.options.safeParse(given);
  const plain = parsed.success ? jsonObjectSchema.safeParse(parsed.data) : undefined;
  return plain?.success === true ? plain.data : given;
}

function authorityOf(of: Declarations, { runner: name, options }: Route): RunnerAuthority | null {
  const runner = of.runners.get(name);
  const parsed = runner?.options.safeParse(options);
  return parsed?.success === true ? (runner?.authority?.(parsed.data) ?? null) : null;
}

function taskOf(
  of: Declarations,
  index: number,
  { kind, reading }: { kind: Kind; reading: Read },
): SupposedTask {
  const route = of.routing.routes[index] as Route;
  const runner = of.runners.get(route.runner) as Runner;
  return {
    index,
    route,
    prompt: reading.prompt,
    conversation: reading.key,
    destination: reading.destination,
    questions: kind.questions ?? "decline",
    reportsOn: reading.reportsOn,
    options: optionsOf(runner, route.options),
    limits: turnLimits(of.limits, runner, route),
    hops: kind.fromAgent === true ? of.limits.hops : null,
    authority: authorityOf(of, route),
  };
}

/** The smallest rule that lets a message pass: for its sender alone where that is known. */
function wouldAllow(of: Declarations, query: RouteQuery): RouteInput {
  const runner = query.runner ?? [...of.runners.keys()][0] ?? "codex";
  return { kind: query.kind, from: query.sender === null ? "*" : [query.sender], runner };
}

function explain(of: Declarations, message: SupposedMessage): Explanation {
  const nothing = { sender: message.sender ?? null, rules: [], task: null };
  let known: { kind: Kind; reading: Read };
  try {
    known = read(of, message);
  } catch (error) {
    if (error instanceof Unreadable) {
      const { reason, message: detail } = error;
      return { ...nothing, refused: { reason, detail, wouldAllow: null } };
    }
    if (!isBridgeError(error)) throw error;
    return { ...nothing, refused: { reason: "refused", detail: error.message, wouldAllow: null } };
  }
  const { kind, runner } = message;
  const sender = message.sender === undefined ? known.reading.sender : message.sender;
  const query = { kind, sender, runner };
  const rules = rulesFor(of.routing.routes, query);
  const taking = rules.at(-1);
  if (taking?.refusal === null)
    return { sender, rules, refused: null, task: taskOf(of, taking.index, known) };
  const { message: detail } = new BridgeError("ROUTE_NONE", {
    kind,
    sender: sender ?? "unknown",
    runner,
  });
  const reason = message.channel === null ? "refused" : "not_allowed";
  const refused = { reason, detail, wouldAllow: wouldAllow(of, query) } as const;
  return { sender, rules, refused, task: null };
}

/**
 * Makes an explainer of what a bridge would be made of.
 *
 * @throws BridgeError ROUTE_INVALID, NAME_DUPLICATE
 */
export function createExplainer(parts: DeclaredParts): Explainer {
  const declarations = declarationsOf(parts);
  return {
    routes: placeRoutes(declarations.routing.routes),
    explain: (message) => explain(declarations, message),
    authority: (route) => authorityOf(declarations, route),
  };
}
