import type { Clock, Delivery, Json, Logger, Received } from "@agent-bridge/core";
import * as z from "zod";
import { readActivity } from "./activity-reader.ts";
import type { Reading } from "./activity-reader.ts";
import { deliveryOf } from "./activity-row.ts";
import type { Inbox } from "./activity-row.ts";
import { channelFailed } from "./failure.ts";
import type { PlatformClient } from "./platform-client.ts";
import { pollPace } from "./poll-pace.ts";
import { positionSchema } from "./position.ts";
import type { Position } from "./position.ts";
import type { Vitals } from "./vitals.ts";

/** What an inbox is read by. */
export interface HttpInboxOptions {
  readonly inbox: Inbox;
  readonly client: PlatformClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly vitals: Vitals;
}

/** The receiving side of a workspace. */
export interface HttpInbox {
  receive(request: {
    readonly after: Json | null;
    readonly waitMs: number;
    readonly signal: AbortSignal;
  }): Promise<Received>;
  /** Something was sent: answers may follow soon. */
  traffic(): void;
  /** How far it was read when last looked at, and when the platform last answered (epoch milliseconds). */
  known(): { readonly position: Position | null; readonly lastGoodPollAt: number | null };
}

/** Creates an inbox. Nothing is asked before the first `receive`. */
export function httpInbox(options: HttpInboxOptions): HttpInbox {
  const { clock } = options;
  const pace = pollPace(clock);
  let known: ReturnType<HttpInbox["known"]> = { position: null, lastGoodPollAt: null };

  const poll = async (position: Position | null, signal: AbortSignal): Promise<Reading> => {
    const beganAt = clock.steady();
    // A failed poll is followed by the engine's pause, not by one of ours.
    pace.failed();
    const reading = await options.vitals.counted(
      readActivity(options, { position, signal }),
      signal,
    );
    pace.polled(beganAt);
    known = { position: reading.position, lastGoodPollAt: clock.now() };
    return reading;
  };

  return {
    traffic: () => {
      pace.traffic();
    },
    known: () => known,
    receive: async ({ after, waitMs, signal }) => {
      const endAt = clock.steady() + waitMs;
      let position = parsePosition(after, options.inbox.channel);
      known = { ...known, position };
      let isCaughtUp = true;
      for (;;) {
        signal.throwIfAborted();
        const leftMs = Math.max(endAt - clock.steady(), 0);
        // The pace holds over calls too; only a call that may not wait, or has more to fetch, asks at once.
        const dueMs = isCaughtUp && waitMs > 0 ? pace.dueMs() : 0;
        if (dueMs > 0) await clock.sleep(Math.min(dueMs, leftMs), signal);
        if (dueMs > leftMs) return { deliveries: [], next: position };
        const reading = await poll(position, signal);
        const deliveries = deliveriesOf(reading, position, options.inbox);
        ({ position, isCaughtUp } = reading);
        if (deliveries.length > 0) pace.traffic();
        options.vitals.received(deliveries);
        if (deliveries.length > 0 || (isCaughtUp && clock.steady() >= endAt)) {
          return { deliveries, next: position };
        }
      }
    },
  };
}

/** The messages among the rows. */
function deliveriesOf(
  { rows }: Reading,
  position: Position | null,
  inbox: Inbox,
): readonly Delivery[] {
  return (
    rows
      // A row without an id is no cursor, so it is read again; its seq tells that it was there before.
      .filter((row) => row.id || (row.seq ?? 0) > (position?.seq ?? -1))
      .flatMap((row) => deliveryOf(row, inbox) ?? [])
  );
}

/** The stored position, as this version wrote it. */
function parsePosition(after: Json | null, channel: string): Position | null {
  if (after === null) return null;
  const parsed = positionSchema.safeParse(after);
  if (parsed.success) return parsed.data;
  // Beginning anew would pass over everything since, so it is left to a person.
  throw channelFailed({
    channel,
    operation: "receive",
    detail: `its stored position is not of this version: ${z.prettifyError(parsed.error)}`,
    effect: "none",
    retryable: false,
  });
}
