import {
  defineChannel,
  defineKind,
  defineRunner,
  type Channel,
  type Delivery,
  type Runner,
} from "@agent-bridge/core";
import * as z from "zod";

/** A message whose reply goes back by the channel. */
export const noteKind = defineKind({
  name: "note",
  description: "A message of the benchmark.",
  schema: z.strictObject({ conversation: z.string(), text: z.string() }),
  sender: ({ conversation }) => conversation,
  conversation: ({ conversation }) => conversation,
  prompt: ({ text }) => text,
  destination: ({ conversation }) => ({ to: conversation }),
});

/** A runner that answers at once and tells when it was called and when it ended. */
export function echoRunner(seen: {
  called(text: string): void;
  ended(text: string): void;
}): Runner {
  return defineRunner({
    name: "echo",
    capabilities: { resume: true, questions: "none" },
    sessionScope: "anywhere",
    options: z.strictObject({}),
    check: async () =>
      await Promise.resolve({ ready: true, version: null, path: null, problems: [] }),
    async *run(turn) {
      seen.called(turn.prompt);
      await Promise.resolve();
      seen.ended(turn.prompt);
      yield { type: "end", outcome: "completed", output: turn.prompt };
    },
  });
}

/** A channel that is fed by hand, and tells when a message was handed over and a reply sent. */
export interface FedChannel {
  readonly channel: Channel;
  feed(deliveries: readonly Delivery[]): void;
}

export function fedChannel(seen: {
  received(ids: readonly string[]): void;
  sent(text: string): void;
}): FedChannel {
  let waiting: Delivery[] = [];
  let ring: (() => void) | undefined;
  const channel = defineChannel({
    name: "fed",
    inbox: "log",
    receive: async ({ signal }) => {
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          ring = resolve;
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
      const deliveries = waiting;
      waiting = [];
      seen.received(deliveries.map((delivery) => delivery.id));
      return { deliveries, next: deliveries.length };
    },
    send: async ({ text }) => {
      seen.sent(text);
      return await Promise.resolve({ ref: null });
    },
    deduplicates: () => false,
    ack: async () => await Promise.resolve(),
  });
  return {
    channel,
    feed: (deliveries) => {
      waiting.push(...deliveries);
      ring?.();
    },
  };
}
