import { BridgeError, defineChannel } from "@agent-bridge/core";
import type { Channel, Clock, Json, Logger, Received } from "@agent-bridge/core";
import * as z from "zod";
import { activityReader } from "./activity-reader.ts";
import { deliveryOf } from "./activity-row.ts";
import { destinationSchema } from "./destination.ts";
import type { Destination } from "./destination.ts";
import { channelFailed } from "./failure.ts";
import { platformClient } from "./platform-client.ts";
import type { Fetch, PlatformRequest } from "./platform-client.ts";
import { positionSchema } from "./position.ts";
import type { Gap, Position } from "./position.ts";
import type { TokenSource } from "./token.ts";

/** A workspace's inbox on a platform. */
export interface MoleculeHttpOptions {
  /** The channel's name; it must stay the same over restarts. */
  readonly name: string;
  readonly platformUrl: string;
  readonly workspaceId: string;
  readonly token: TokenSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Node's own by default. */
  readonly fetch?: Fetch;
}

/** What is known of the inbox, for people. Times are ISO 8601. */
export interface MoleculeStatus {
  readonly platformUrl: string;
  readonly workspaceId: string;
  /** When the platform last answered a poll; null before the first since the start. */
  readonly lastGoodPollAt: string | null;
  /** The last row read, and when it was made. */
  readonly sinceId: string | null;
  readonly sinceAt: string | null;
  /** A time from which messages may have been missed. */
  readonly gap: Gap | null;
}

/** A channel that can tell how its inbox stands. */
export interface MoleculeHttpChannel extends Channel {
  receive: NonNullable<Channel["receive"]>;
  send: NonNullable<Channel["send"]>;
  ack: NonNullable<Channel["ack"]>;
  dispose: NonNullable<Channel["dispose"]>;
  /** The state as of the last poll; after a restart empty until the first. */
  status(): MoleculeStatus;
}

/** The pause between two polls, and how long after traffic the short one is kept, in milliseconds. */
const pollMs = { busy: 1_000, idle: 5_000, busyFor: 60_000 } as const;

const ackSchema = z.strictObject({ seq: z.int().nullable() });

/**
 * The inbox of one workspace over the platform's HTTP interface. Messages are read on from a position and
 * acknowledged up to a `seq`. Replies to a peer carry the idempotency key; those to a person can not, and
 * are shown again when they are repeated.
 */
export function moleculeHttpChannel(options: MoleculeHttpOptions): MoleculeHttpChannel {
  const { name, clock, workspaceId } = options;
  const client = platformClient({ ...options, channel: name, fetch: options.fetch ?? fetch });
  const reader = activityReader({ ...options, channel: name, client });
  const inboxId = `molecule ${client.platformUrl} ${workspaceId}`;
  const disposed = new AbortController();
  let lastTrafficAt = -Infinity;
  let lastPollAt = -Infinity;
  let lastGoodPollAt: number | null = null;
  let known: Position | null = null;

  const pauseMs = (): number =>
    clock.steady() - lastTrafficAt < pollMs.busyFor ? pollMs.busy : pollMs.idle;

  const poll = async (
    position: Position | null,
    signal: AbortSignal,
  ): Promise<Received & { position: Position; isCaughtUp: boolean }> => {
    lastPollAt = clock.steady();
    const reading = await reader.read(position, signal);
    lastGoodPollAt = clock.now();
    known = reading.position;
    const deliveries = reading.rows
      // A row without an id is no cursor, so it is read again; its seq tells that it was there before.
      .filter((row) => row.id || (row.seq ?? 0) > (position?.seq ?? -1))
      .flatMap((row) => deliveryOf(row, { channel: name, workspaceId }) ?? []);
    if (deliveries.length > 0) lastTrafficAt = clock.steady();
    const next = reading.position satisfies Json;
    return { deliveries, next, position: reading.position, isCaughtUp: reading.isCaughtUp };
  };

  return defineChannel({
    name,
    inbox: "log",
    inboxId,

    receive: async ({ after, waitMs, signal: callerSignal }) => {
      const signal = AbortSignal.any([callerSignal, disposed.signal]);
      const endAt = clock.steady() + waitMs;
      let position = parsePosition(after, name);
      known = position;
      let isCaughtUp = true;
      for (;;) {
        signal.throwIfAborted();
        // The pace holds over calls too; only a call that may not wait polls at once.
        const dueMs = isCaughtUp && waitMs > 0 ? lastPollAt + pauseMs() - clock.steady() : 0;
        const leftMs = endAt - clock.steady();
        if (dueMs > 0) await clock.sleep(Math.min(dueMs, Math.max(leftMs, 0)), signal);
        if (dueMs > leftMs) return { deliveries: [], next: position };
        const polled = await poll(position, signal);
        ({ position, isCaughtUp } = polled);
        const isOver = isCaughtUp && clock.steady() >= endAt;
        if (polled.deliveries.length > 0 || isOver) {
          return { deliveries: polled.deliveries, next: polled.next };
        }
      }
    },

    send: async ({ destination, text }, { idempotencyKey, signal }) => {
      const request = sendRequest(parseDestination(destination, name), { text, idempotencyKey });
      const { body } = await client.request({
        operation: "send",
        ...request(workspaceId),
        signal: AbortSignal.any([signal, disposed.signal]),
      });
      lastTrafficAt = clock.steady();
      const { delegation_id: ref } = (body ?? {}) as { readonly delegation_id?: unknown };
      return { ref: typeof ref === "string" ? ref : null };
    },

    deduplicates: (destination) => destinationSchema.safeParse(destination).data?.to === "peer",

    ack: async (ref, { signal }) => {
      const { seq } = ackSchema.parse(ref);
      // A platform that numbers nothing has nothing to acknowledge; the cursor alone moves.
      if (seq === null) return;
      await client.request({
        operation: "ack",
        path: ["workspaces", workspaceId, "activity", "ack"],
        body: { acked_seq: seq },
        signal: AbortSignal.any([signal, disposed.signal]),
      });
    },

    status: () => ({
      platformUrl: client.platformUrl,
      workspaceId,
      lastGoodPollAt: lastGoodPollAt === null ? null : new Date(lastGoodPollAt).toISOString(),
      sinceId: known?.sinceId ?? null,
      sinceAt: known?.sinceAt ?? null,
      gap: known?.gap ?? null,
    }),

    dispose: async () => {
      disposed.abort(new Error(`The channel "${name}" is closed.`));
    },
  });
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
    detail: `its stored position is not one of this version: ${z.prettifyError(parsed.error)}`,
    effect: "none",
    retryable: false,
  });
}

/** The stored destination. @throws BridgeError CHANNEL_FAILED when it is none of this plugin's kinds */
export function parseDestination(destination: Json, channel: string): Destination {
  const parsed = destinationSchema.safeParse(destination);
  if (parsed.success) return parsed.data;
  const detail = "the destination is none of Molecule's";
  throw channelFailed({ channel, operation: "send", detail, effect: "none", retryable: false });
}

type SendRequest = (own: string) => Pick<PlatformRequest, "path" | "body">;

/** The endpoint for each destination. */
function sendRequest(
  destination: Destination,
  { text, idempotencyKey }: { text: string; idempotencyKey: string },
): SendRequest {
  switch (destination.to) {
    case "user":
      return (own) => ({
        path: ["workspaces", destination.workspace || own, "notify"],
        body: { message: text },
      });
    case "peer":
      return (own) => ({
        path: ["workspaces", destination.source || own, "delegate"],
        body: { target_id: destination.peer, task: text, idempotency_key: idempotencyKey },
      });
  }
}
