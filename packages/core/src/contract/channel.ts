import type { Attachment } from "./attachment.ts";
import type { Json, JsonObject } from "./json.ts";

/** One message as a channel received it: plain data, not yet parsed by its kind. */
export interface Delivery {
  /** The platform's id of the message; with the channel's name it decides, alone, whether it is known. */
  readonly id: string;
  readonly kind: string;
  /** The local workspace it arrived at. */
  readonly workspace: string;
  readonly payload: Json;
  /** What `ack` needs, stored until the message is settled. */
  readonly ack: Json;
}

/** What one poll gave. */
export interface Received {
  /** In the platform's order, oldest first. May contain messages that were delivered before. */
  readonly deliveries: readonly Delivery[];
  /** The poll position after these deliveries, stored in the transaction that accepts them; null where there is none. */
  readonly next: Json | null;
}

/** A text on its way out. */
export interface OutgoingReply {
  /** What the kind's `destination` gave. */
  readonly destination: Json;
  readonly text: string;
  /** Only such as `attaches` allows; the others are named in the text. */
  readonly attachments?: readonly Attachment[];
}

/**
 * How a platform hands over messages.
 * `log`: a position; `ack` of a message acknowledges all before it, and is called for the highest
 * below which all are settled. `queue`: the head stays until it is acknowledged; the next `receive` waits
 * until then unless `readsAhead`. `push`: the answer to the request is the acknowledgement.
 */
export type InboxStyle = "log" | "queue" | "push";

/**
 * Where messages come in and replies go out. Texts of a platform that tell a failure are errors here.
 * Nothing in a channel retries: the engine does, with back-off.
 */
export interface Channel {
  /** The instance's name: part of conversation and dedupe keys, so it must stay the same over restarts. */
  readonly name: string;
  readonly inbox: InboxStyle;
  /** For `queue`: true where messages behind the head are received before it is acknowledged. */
  readonly readsAhead?: boolean;
  /** Identifies the inbox on its platform, for the lock that keeps it to one poller a user. */
  readonly inboxId?: string;
  /**
   * Waits up to `waitMs` for messages after the stored position.
   *
   * @param request.after what the last accepted poll gave as `next`; null at the very first
   * @param request.unacknowledged how many messages of this channel are accepted and not acknowledged yet, also
   *   those of an earlier process: for what the channel tells its platform
   * @throws BridgeError CHANNEL_FAILED or CHANNEL_ANSWER_INVALID; both are failed polls
   */
  receive?(request: {
    after: Json | null;
    waitMs: number;
    signal: AbortSignal;
    unacknowledged?: number;
  }): Promise<Received>;
  /**
   * Sends one text. Called for one destination at a time, in order.
   *
   * @param options.idempotencyKey the same for every try of one reply
   * @returns the platform's reference of what was sent, where it gives one
   * @throws BridgeError CHANNEL_FAILED with what is known of the effect
   */
  send?(
    reply: OutgoingReply,
    options: { idempotencyKey: string; signal: AbortSignal },
  ): Promise<{ ref: string | null }>;
  /** True where a repeat with the same idempotency key is not shown twice at this destination. */
  deduplicates(destination: Json): boolean;
  /** The schemes of addresses, such as `https`, that may go with a text to this destination as attachments. Without it: none. */
  attaches?(destination: Json): readonly string[];
  /** Acknowledges a settled message. Takes stored data, so that any process can do it after a restart. Idempotent. */
  ack?(ref: Json, options: { signal: AbortSignal }): Promise<void>;
  /** What the channel knows of its inbox, for people: plain data, small. Asks nobody and never throws. */
  status?(): JsonObject;
  /**
   * Ends what goes on between the calls, and frees what the channel holds. What a call began ends with the
   * call. May be repeated.
   */
  dispose?(): Promise<void>;
}

/** Declares a channel. Only types the data; nothing happens. */
export function defineChannel<C extends Channel>(channel: C): C {
  return channel;
}
