import type { Channel, Clock } from "@agent-bridge/core";
import { channelCases, channelConformance } from "@agent-bridge/testing/channel-conformance";
import type { ChannelBench, ChannelConformance } from "@agent-bridge/testing/channel-conformance";
import { describe, expect, test } from "vitest";
import { listBench, listChannel, listPlatform } from "./list-channel.ts";
import type { ListPlatform } from "./list-channel.ts";

type ListChannel = ReturnType<typeof listChannel>;
type Change = (channel: ListChannel, platform: ListPlatform, clock: Clock) => Partial<Channel>;

/** The suite over the list, with a deviation in the channel. */
function about(change: Change): ChannelConformance {
  const platforms = new WeakMap<ChannelBench, ListPlatform>();
  const arm = (fault: Partial<ListPlatform>) => async (bench: ChannelBench) => {
    Object.assign(platforms.get(bench) ?? {}, fault);
  };
  const user = { to: "user" };
  return {
    name: "list",
    open: async (clock) => {
      const platform = listPlatform();
      const bench = listBench(platform, () => {
        const channel = listChannel(platform, clock);
        return { ...channel, ...change(channel, platform, clock) };
      });
      platforms.set(bench, platform);
      return bench;
    },
    destinations: [user, { to: "peer" }],
    pollFailures: [
      { title: "a failure", code: "CHANNEL_FAILED", arm: arm({ pollFault: "failed" }) },
      { title: "nonsense", code: "CHANNEL_ANSWER_INVALID", arm: arm({ pollFault: "invalid" }) },
    ],
    sendFailures: [
      {
        title: "refused",
        destination: user,
        effect: "none",
        retryable: false,
        arm: arm({ sendFault: "refused" }),
      },
      {
        title: "lost",
        destination: user,
        effect: "unknown",
        retryable: true,
        arm: arm({ sendFault: "lost" }),
      },
    ],
    hangSend: arm({ sendFault: "hang" }),
  };
}

channelConformance(about(() => ({})));

/** One deviation each. The suite must notice every one. */
const wrong: Readonly<Record<string, Change>> = {
  "says that it deduplicates and does not": () => ({ deduplicates: () => true }),
  "deduplicates and does not say so": () => ({ deduplicates: () => false }),
  "takes a failed send for a success": ({ send }) => ({
    send: (reply, options) => send(reply, options).catch(() => ({ ref: null })),
  }),
  "calls an unknown effect none": ({ send }, platform) => ({
    send: async (reply, options) => {
      if (platform.sendFault === "lost") {
        platform.sendFault = "refused";
        platform.sent.push(reply.text);
      }
      return send(reply, options);
    },
  }),
  "takes a failed poll for an empty one": ({ receive }) => ({
    receive: (request) => receive(request).catch(() => ({ deliveries: [], next: request.after })),
  }),
  "moves its position over a failed poll": ({ receive }, { inbox }) => {
    let skipped = 0;
    return {
      receive: async (request) => {
        const { deliveries, next } = await receive(request).catch((error: unknown) => {
          skipped = inbox.length;
          throw error;
        });
        return { deliveries: deliveries.filter((_none, place) => place >= skipped), next };
      },
    };
  },
  "delivers the newest first": ({ receive }) => ({
    receive: async (request) => {
      const { deliveries, next } = await receive(request);
      return { deliveries: deliveries.toReversed(), next };
    },
  }),
  "gives a message another id each time": ({ receive }) => ({
    receive: async (request) => {
      const { deliveries, next } = await receive(request);
      return { deliveries: deliveries.map((one) => ({ ...one, id: crypto.randomUUID() })), next };
    },
  }),
  "keeps its position to itself": ({ receive }) => ({
    receive: async (request) => ({ ...(await receive(request)), next: null }),
  }),
  "has a position that is no plain data": ({ receive }) => ({
    receive: async (request) => {
      const { deliveries, next } = await receive(request);
      return { deliveries, next: { ...(next as object), at: undefined } as never };
    },
  }),
  "does not wait": ({ receive }) => ({ receive: (request) => receive({ ...request, waitMs: 0 }) }),
  "takes no notice of an abort": ({ receive }) => ({
    receive: (request) =>
      receive({
        ...request,
        waitMs: Math.min(request.waitMs, 6_000),
        signal: new AbortController().signal,
      }),
  }),
  "leaves a timer behind": ({ receive }, _platform, clock) => ({
    receive: (request) => {
      clock.timer(60_000, () => undefined);
      return receive(request);
    },
  }),
  "acknowledges backwards": (_channel, platform) => ({
    ack: async (ref) => {
      platform.acked = ref as number;
    },
  }),
  "cuts its texts": ({ send }) => ({
    send: (reply, options) => send({ ...reply, text: reply.text.slice(0, 10) }, options),
  }),
  "says that it attaches, and sends the text alone": ({ send }) => ({
    send: ({ destination, text }, options) => send({ destination, text }, options),
  }),
  "sends although it was aborted": ({ send }) => ({
    send: (reply, { idempotencyKey }) =>
      send(reply, { idempotencyKey, signal: AbortSignal.timeout(1_000) }),
  }),
};

describe("a wrong channel fails the suite", () => {
  test.each(Object.keys(wrong))("one that %s", async (name) => {
    const failed: string[] = [];
    for (const { title, run } of channelCases(about(wrong[name] ?? (() => ({}))))) {
      // The first one is enough.
      await run().catch(() => failed.push(title));
      if (failed.length > 0) break;
    }
    expect(failed).not.toEqual([]);
  });
});
