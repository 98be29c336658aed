import type { Attachment, Channel, Clock, ErrorData, Json } from "@agent-bridge/core";

/** A channel and the platform behind it, as a test moves them. */
export interface ChannelBench extends AsyncDisposable {
  /** A new instance on the same inbox, with nothing but the stored position to go on from: as after a restart. */
  channel(): Channel;
  /** Puts a message into the inbox and returns the platform's id of it. */
  deliver(text: string): Promise<string>;
  /** The texts that reached somebody, in order, by the platform's own record. */
  arrived(): Promise<readonly string[]>;
  /** What went beside each of these texts, by the same record; for a channel that says that it attaches something. */
  arrivedAttachments?(): Promise<readonly (readonly Attachment[])[]>;
  /** Whether the platform counts a message as acknowledged. */
  isAcknowledged(id: string): Promise<boolean>;
}

/** A way in which a poll goes wrong. */
export interface PollFailure {
  readonly title: string;
  readonly code: "CHANNEL_FAILED" | "CHANNEL_ANSWER_INVALID";
  /** Makes the next poll, and only that, go wrong. */
  readonly arm: (bench: ChannelBench) => Promise<void>;
}

/** A way in which a send goes wrong. */
export interface SendFailure extends Pick<ErrorData<"CHANNEL_FAILED">, "effect" | "retryable"> {
  readonly title: string;
  readonly destination: Json;
  /** Makes the next send, and only that, go wrong. */
  readonly arm: (bench: ChannelBench) => Promise<void>;
}

/** What the suite is told about a channel. */
export interface ChannelConformance {
  readonly name: string;
  /** Opens a platform with an empty inbox; called before every case. The channel must use this clock. */
  readonly open: (clock: Clock) => Promise<ChannelBench>;
  /** One of each sort. */
  readonly destinations: readonly Json[];
  readonly pollFailures: readonly PollFailure[];
  readonly sendFailures: readonly SendFailure[];
  /** Makes the next send hang. */
  readonly hangSend?: (bench: ChannelBench) => Promise<void>;
}

/** One promise of the suite. */
export interface ChannelCase {
  readonly title: string;
  readonly run: () => Promise<void>;
}
