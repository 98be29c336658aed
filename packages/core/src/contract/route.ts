import * as z from "zod";
import type { Quotas } from "./bridge.ts";
import { jsonObjectSchema, type JsonObject } from "./json.ts";

const atLeastOne = z.int().min(1).exactOptional();

const quotas = {
  principalTasks: atLeastOne,
  principalBytes: atLeastOne,
  conversationTasks: atLeastOne,
  conversationBytes: atLeastOne,
} satisfies { readonly [name in keyof Quotas]?: z.ZodType };

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
}
