import { defineChannel } from "@agent-bridge/core";
import type { Channel, Clock, Logger } from "@agent-bridge/core";
import { attachableSchemes } from "./attachments.ts";
import { destinationSchema } from "./destination.ts";
import { createHeartbeat } from "./heartbeat.ts";
import { httpInbox } from "./http-inbox.ts";
import type { HttpInbox } from "./http-inbox.ts";
import { endpointFor, parseDestination } from "./http-send.ts";
import { platformClient } from "./platform-client.ts";
import type { Fetch, PlatformRequest } from "./platform-client.ts";
import type { Gap } from "./position.ts";
import { startGate } from "./stagger.ts";
import type { TokenSource } from "./token.ts";
import { ackSchema, createVitals } from "./vitals.ts";

/** A workspace's inbox on a platform. */
export interface MoleculeHttpOptions {
  /** The channel's name; it must stay the same over restarts. */
  readonly name: string;
  readonly platformUrl: string;
  readonly workspaceId: string;
  readonly token: TokenSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long the first `receive` waits before it asks for anything, in milliseconds; 0 by default. */
  readonly startDelayMs?: number;
  /** Node's own by default. */
  readonly fetch?: Fetch;
}

/** What is known of the inbox, for people. Times are ISO 8601. */
export type MoleculeStatus = {
  readonly platformUrl: string;
  readonly workspaceId: string;
  /** When the platform last answered a poll; null before the first since the start. */
  readonly lastGoodPollAt: string | null;
  /** The last row read, and when it was made. */
  readonly sinceId: string | null;
  readonly sinceAt: string | null;
  /** A time from which messages may have been missed. */
  readonly gap: Gap | null;
  /** When the platform last took a sign of life; null before the first since the start. */
  readonly lastHeartbeatAt: string | null;
};

/** A channel that can tell how its inbox stands. */
export interface MoleculeHttpChannel extends Channel {
  receive: NonNullable<Channel["receive"]>;
  send: NonNullable<Channel["send"]>;
  ack: NonNullable<Channel["ack"]>;
  dispose: NonNullable<Channel["dispose"]>;
  /** The state as of the last poll; after a restart empty until the first. */
  status(): MoleculeStatus;
}

/**
 * The inbox of one workspace over the platform's HTTP interface. Messages are read on from a position and
 * acknowledged up to a `seq`. Replies to a peer carry the idempotency key; those to a person can not, and
 * are shown again when they are repeated. From the first `receive` until it is disposed, the channel keeps
 * the workspace online, also between the polls.
 */
export function moleculeHttpChannel(options: MoleculeHttpOptions): MoleculeHttpChannel {
  const { name, clock, logger, workspaceId } = options;
  const client = platformClient({ ...options, channel: name, fetch: options.fetch ?? fetch });
  const vitals = createVitals(clock);
  const inbox = httpInbox({ inbox: { channel: name, workspaceId }, client, clock, logger, vitals });
  const heartbeat = createHeartbeat({
    workspaceId,
    channel: name,
    client,
    clock,
    logger,
    figures: () => vitals.figures(),
  });
  const hasStarted = startGate(clock, options.startDelayMs ?? 0);
  const disposed = new AbortController();
  const orDisposed = (signal: AbortSignal): AbortSignal =>
    AbortSignal.any([signal, disposed.signal]);

  return defineChannel<MoleculeHttpChannel>({
    name,
    inbox: "log",
    inboxId: `molecule ${client.platformUrl} ${workspaceId}`,

    receive: async (request) => {
      const signal = orDisposed(request.signal);
      const endAt = clock.steady() + request.waitMs;
      if (!(await hasStarted(endAt, signal))) return { deliveries: [], next: request.after };
      vitals.accepted(request.unacknowledged);
      if (!signal.aborted) heartbeat.start();
      const waitMs = Math.max(endAt - clock.steady(), 0);
      return inbox.receive({ ...request, waitMs, signal });
    },

    send: async ({ destination, text, attachments }, { idempotencyKey, signal: given }) => {
      const signal = orDisposed(given);
      const to = parseDestination(destination, name);
      const endpoint = endpointFor(to, { text, attachments, idempotencyKey, workspaceId });
      const sending = client.request({ operation: "send", ...endpoint, signal });
      const { body } = await vitals.counted(sending, signal);
      inbox.traffic();
      const { delegation_id: ref } = (body ?? {}) as { readonly delegation_id?: unknown };
      return { ref: typeof ref === "string" ? ref : null };
    },

    attaches: attachableSchemes,

    deduplicates: (destination) => destinationSchema.safeParse(destination).data?.to === "peer",

    ack: async (ref, { signal }) => {
      const settled = ackSchema.parse(ref);
      vitals.acknowledged(settled);
      // A platform that numbers nothing has nothing to acknowledge; the cursor alone moves.
      if (settled.seq === null) return;
      await client.request({ ...ackOf(workspaceId, settled.seq), signal: orDisposed(signal) });
    },

    status: () => ({
      platformUrl: client.platformUrl,
      workspaceId,
      ...inboxStatus(inbox),
      lastHeartbeatAt: isoOrNull(heartbeat.lastAt()),
    }),

    dispose: async () => {
      disposed.abort(new Error(`The channel "${name}" is closed.`));
      await heartbeat[Symbol.asyncDispose]();
    },
  });
}

/** The request that acknowledges all up to a `seq`. */
function ackOf(workspaceId: string, seq: number): Omit<PlatformRequest, "signal"> {
  const path = ["workspaces", workspaceId, "activity", "ack"];
  return { operation: "ack", path, body: { acked_seq: seq } };
}

function inboxStatus(
  inbox: HttpInbox,
): Omit<MoleculeStatus, "platformUrl" | "workspaceId" | "lastHeartbeatAt"> {
  const { position, lastGoodPollAt } = inbox.known();
  return {
    lastGoodPollAt: isoOrNull(lastGoodPollAt),
    sinceId: position?.sinceId ?? null,
    sinceAt: position?.sinceAt ?? null,
    gap: position?.gap ?? null,
  };
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
