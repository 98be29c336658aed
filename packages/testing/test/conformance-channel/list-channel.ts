import { BridgeError } from "@agent-bridge/core";
import type {
  Attachment,
  Channel,
  ChannelFailure,
  Clock,
  Delivery,
  Json,
} from "@agent-bridge/core";
import type { ChannelBench } from "@agent-bridge/testing/channel-conformance";

/** A platform that is a list in this process. */
export interface ListPlatform {
  readonly inbox: Delivery[];
  readonly sent: string[];
  /** What went beside each. */
  readonly attached: (readonly Attachment[])[];
  readonly keys: Set<string>;
  acked: number;
  /** What the next poll or send meets. */
  pollFault: "failed" | "invalid" | null;
  sendFault: "refused" | "lost" | "hang" | null;
  readonly waiting: Set<() => void>;
}

export function listPlatform(): ListPlatform {
  return {
    inbox: [],
    sent: [],
    attached: [],
    keys: new Set(),
    acked: 0,
    pollFault: null,
    sendFault: null,
    waiting: new Set(),
  };
}

const failed = (operation: ChannelFailure["operation"], known: Partial<ChannelFailure> = {}) =>
  new BridgeError("CHANNEL_FAILED", {
    channel: "list",
    operation,
    detail: "armed",
    effect: "none",
    retryable: true,
    ...known,
  });

type Receive = NonNullable<Channel["receive"]>;
type Send = NonNullable<Channel["send"]>;

/** A channel over the list that keeps the contract: deduplicates for `{ to: "peer" }`, not for `{ to: "user" }`. */
export function listChannel(platform: ListPlatform, clock: Clock) {
  const receive: Receive = async ({ after, waitMs, signal }) => {
    signal.throwIfAborted();
    const fault = platform.pollFault;
    platform.pollFault = null;
    if (fault === "failed") throw failed("receive");
    if (fault === "invalid") {
      throw new BridgeError("CHANNEL_ANSWER_INVALID", { channel: "list", detail: "armed" });
    }
    const read = (after as { read: number } | null)?.read ?? 0;
    if (platform.inbox.length === read && waitMs > 0)
      await arrival(platform, { clock, signal, waitMs });
    return { deliveries: platform.inbox.slice(read), next: { read: platform.inbox.length } };
  };
  const send: Send = async (
    { destination, text, attachments = [] },
    { idempotencyKey, signal },
  ) => {
    const to = (destination as { to?: unknown }).to;
    if (to !== "user" && to !== "peer") throw failed("send", { retryable: false });
    if (signal.aborted) throw failed("send");
    const fault = platform.sendFault;
    platform.sendFault = null;
    if (fault === "refused") throw failed("send", { retryable: false });
    if (fault === "hang") await hang(clock, signal);
    const isKnown = to === "peer" && platform.keys.has(idempotencyKey);
    if (!isKnown) {
      platform.sent.push(text);
      platform.attached.push(attachments);
    }
    platform.keys.add(idempotencyKey);
    if (fault === "lost") throw failed("send", { effect: "unknown" });
    return { ref: to === "peer" ? idempotencyKey : null };
  };
  return {
    name: "list",
    inbox: "log",
    receive,
    send,
    attaches: (destination: Json): readonly string[] =>
      (destination as { to?: unknown }).to === "user" ? ["https"] : [],
    deduplicates: (destination: Json) => (destination as { to?: unknown }).to === "peer",
    ack: async (ref: Json) => {
      platform.acked = Math.max(platform.acked, ref as number);
    },
  } satisfies Channel;
}

async function hang(clock: Clock, signal: AbortSignal): Promise<never> {
  try {
    await clock.sleep(1_000_000, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  throw failed("send", { effect: "unknown" });
}

async function arrival(
  platform: ListPlatform,
  { clock, signal, waitMs }: { clock: Clock; signal: AbortSignal; waitMs: number },
): Promise<void> {
  const come = new AbortController();
  const wake = (): void => {
    come.abort();
  };
  platform.waiting.add(wake);
  try {
    await clock.sleep(waitMs, AbortSignal.any([signal, come.signal]));
  } catch (error) {
    if (!come.signal.aborted) throw error;
  } finally {
    platform.waiting.delete(wake);
  }
}

/** The bench of a channel over the list. */
export function listBench(platform: ListPlatform, channel: () => Channel): ChannelBench {
  return {
    channel,
    deliver: async (text) => {
      const seq = platform.inbox.length + 1;
      const id = `m-${seq}`;
      platform.inbox.push({ id, kind: "note", workspace: "", payload: { text }, ack: seq });
      for (const wake of platform.waiting) wake();
      return id;
    },
    arrived: async () => [...platform.sent],
    arrivedAttachments: async () => [...platform.attached],
    isAcknowledged: async (id) => platform.acked >= Number(id.slice(2)),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
