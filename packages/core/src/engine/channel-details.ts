import type { Channel } from "../contract/channel.ts";
import { describeError } from "../contract/errors.ts";
import { type JsonObject, jsonObjectSchema } from "../contract/json.ts";
import { isDeeperThan } from "../plain-data.ts";
import type { Engine } from "./engine.ts";

/** How deep a channel's own status may be nested. */
const maxDepth = 16;

/** What a channel tells of its inbox; null where it tells nothing, throws, or gives no plain data. */
export function channelDetails(
  { logger, redactor }: Pick<Engine, "logger" | "redactor">,
  channel: Channel,
): JsonObject | null {
  try {
    const details = channel.status?.() ?? null;
    if (details === null) return null;
    if (isDeeperThan(details, maxDepth)) throw new TypeError("It is nested too deep.");
    return redactor.data(jsonObjectSchema.parse(details));
  } catch (error) {
    // The rest of the status is worth more than this part of it.
    const facts = { channel: channel.name, error: describeError(error) };
    logger.debug("A channel could not tell how its inbox stands", facts);
    return null;
  }
}
