import { isBridgeError } from "@agent-bridge/core";
import type { Channel, Delivery, Json, Received } from "@agent-bridge/core";
import { expect } from "vitest";
import type { ChannelBench, ChannelConformance } from "./about.ts";
import { watchedClock } from "./watched-clock.ts";
import type { WatchedClock } from "./watched-clock.ts";

/** How much faster than real a case runs; a request's time limit of 30 s is then still over a second. */
const speed = 20;

/** The parts of a channel that the suite needs. */
export type FullChannel = Channel & Required<Pick<Channel, "receive" | "send" | "ack">>;

/** One case's platform and the instances of the channel that it opened. */
export interface Session extends AsyncDisposable {
  readonly bench: ChannelBench;
  readonly clock: WatchedClock;
  /** A new instance; it is disposed with the session. */
  readonly open: () => FullChannel;
  /** Disposes the instances, of which nothing may be left then. Until then a channel may be busy between its calls. */
  readonly close: () => Promise<void>;
}

export async function openSession(about: ChannelConformance): Promise<Session> {
  const clock = watchedClock(speed);
  const bench = await about.open(clock);
  const opened: Channel[] = [];
  return {
    bench,
    clock,
    open: () => {
      const channel = bench.channel();
      opened.push(channel);
      expect(channel).toMatchObject({
        receive: expect.any(Function) as unknown,
        send: expect.any(Function) as unknown,
        ack: expect.any(Function) as unknown,
      });
      return channel as FullChannel;
    },
    close: async () => {
      for (const channel of opened) await channel.dispose?.();
      expect(clock.waiting(), "timers left behind").toBe(0);
    },
    [Symbol.asyncDispose]: async () => {
      for (const channel of opened) await channel.dispose?.();
      await bench[Symbol.asyncDispose]();
    },
  };
}

/** A signal that never aborts. */
export const patience = (): AbortSignal => new AbortController().signal;

/** One poll that does not wait. What it gave is read as if it had been stored in between. */
export async function poll(channel: FullChannel, after: Json | null): Promise<Received> {
  const received = await channel.receive({ after, waitMs: 0, signal: patience() });
  const stored = JSON.parse(JSON.stringify(received)) as Received;
  expect(stored, "what a poll gives is plain data").toStrictEqual(received);
  return stored;
}

/** Polls until nothing new comes, acknowledging as a queue that shows only its head needs it. */
export async function drain(
  channel: FullChannel,
  count: number,
): Promise<{ deliveries: readonly Delivery[]; next: Json | null }> {
  const deliveries = new Map<string, Delivery>();
  let next: Json | null = null;
  while (deliveries.size < count) {
    const received = await poll(channel, next);
    next = received.next;
    for (const delivery of received.deliveries) {
      deliveries.set(delivery.id, delivery);
      if (needsPop(channel)) await channel.ack(delivery.ack, { signal: patience() });
    }
  }
  return { deliveries: [...deliveries.values()], next };
}

function needsPop(channel: Channel): boolean {
  return channel.inbox === "queue" && channel.readsAhead !== true;
}

/** Expects a promise to be refused with a code of the error table, and gives the error's data. */
export async function refusal(promise: Promise<unknown>, code: string): Promise<unknown> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(isBridgeError(outcome) ? outcome.code : outcome).toBe(code);
  return isBridgeError(outcome) ? outcome.data : undefined;
}

/** Expects a promise to end, in whatever way, within `ms` of real time. */
export async function endsWithin(ms: number, promise: Promise<unknown>): Promise<void> {
  const began = performance.now();
  await promise.then(
    () => undefined,
    () => undefined,
  );
  expect(performance.now() - began).toBeLessThan(ms);
}
