import * as z from "zod";
import type { Quotas } from "./bridge.ts";
import type { TurnLimits } from "./runner.ts";
import { jsonObjectSchema, type JsonObject } from "./json.ts";

const atLeastOne = z.int().min(1).exactOptional();

const quotas = {
  principalTasks: atLeastOne,
  principalBytes: atLeastOne,
  conversationTasks: atLeastOne,
  conversationBytes: atLeastOne,
} satisfies { readonly [name in keyof Quotas]?: z.ZodType };

const turn = {
  startMs: atLeastOne,
  idleMs: atLeastOne,
  totalMs: atLeastOne,
  graceMs: atLeastOne,
} satisfies Record<keyof TurnLimits, z.ZodType>;

const longestHours = 366 * 24;

/**
 * What the turns of a route may use within the last `windowHours`. No more turns begin than `turns`. A turn that
 * goes beyond `tokens` (of input and output) or `minutes` (of work, without the wait for answers) is ended; how
 * far it had gone is known when its runner tells.
 */
const budgetSchema = z
  .strictObject({
    /** What has a budget of its own: the route, each sender, or each conversation. */
    per: z.enum(["route", "sender", "conversation"]),
    windowHours: z.number().positive().max(longestHours),
    turns: atLeastOne,
    tokens: atLeastOne,
    minutes: z.number().positive().exactOptional(),
    /** Routes whose budgets have one name and window share it; default: the route's kind, senders and runner. */
    name: z.string().min(1).exactOptional(),
  })
  .refine(
    ({ turns, tokens, minutes }) => (turns ?? tokens ?? minutes) !== undefined,
    "needs at least one of `turns`, `tokens` and `minutes`",
  );

/**
 * One rule of the routing table: who may send what kind to which runner. The first rule that matches
 * wins; no match means nobody. `from` is required: an empty list is nobody, everyone is written "*".
 */
export const routeSchema = z.strictObject({
  kind: z.string().min(1),
  from: z.union([z.literal("*"), z.array(z.string().min(1))]),
  runner: z.string().min(1),
  /** The runner's own options, checked by its schema when the table is loaded. */
  options: jsonObjectSchema.default({}),
  /** After a crash in mid-turn: go on in the stored session, or end as `interrupted`. */
  recover: z.enum(["resume", "interrupt"]).default("resume"),
  /** A reply whose delivery is unknown, on a channel that does not deduplicate: send it again, or not. */
  unknownReply: z.enum(["repeat", "drop"]).default("repeat"),
  /**
   * Whether a sender is told that their message was put aside. Of messages that this route would have taken, of
   * kinds whose sender is a person; never an agent, whose answer to it would be the next one put aside.
   */
  deadLetters: z.enum(["silent", "tell"]).default("silent"),
  /** In place of the bridge's, when a message is accepted by this route. */
  quotas: z.strictObject(quotas).exactOptional(),
  /** Time limits of a turn, before the runner's own and the bridge's. */
  turn: z.strictObject(turn).exactOptional(),
  /** What the turns of this route may use. One that finds it used up fails as `budget`, and its sender is told. */
  budget: budgetSchema.exactOptional(),
});

/** A route as it is written. */
export type RouteInput = z.input<typeof routeSchema>;

/** A route with its defaults filled in. */
export type Route = Readonly<z.output<typeof routeSchema>>;

/** What of a route is stored with a task, so that later configuration changes leave accepted work alone. */
export interface TaskRules {
  readonly options: JsonObject;
  readonly recover: Route["recover"];
  readonly unknownReply: Route["unknownReply"];
  readonly turn?: Route["turn"];
  /** With its name filled in. */
  readonly budget?: RouteBudget;
}

/** A route's budget as it is stored with a task. */
export type RouteBudget = NonNullable<Route["budget"]> & { readonly name: string };
