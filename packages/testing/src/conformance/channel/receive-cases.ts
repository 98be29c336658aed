import { expect } from "vitest";
import type { ChannelCase, ChannelConformance } from "./about.ts";
import { drain, endsWithin, openSession, patience, poll, refusal } from "./platform-session.ts";
import type { Session } from "./platform-session.ts";

/** How soon after an abort a call must have ended, in milliseconds. */
const abortMs = 100;

/** How many polls are aborted in a row. What each of them left behind would add up. */
const aborted = 5;

/** A wait that no case waits out, in milliseconds of the case's clock. */
const longWaitMs = 50_000;

/** What a channel promises of the way in. */
export function receiveCases(about: ChannelConformance): readonly ChannelCase[] {
  const using = (body: (session: Session) => Promise<void>) => async (): Promise<void> => {
    await using session = await openSession(about);
    await body(session);
    await session.close();
  };
  return [
    { title: "an empty poll is a good one and delivers nothing", run: using(emptyPoll) },
    { title: "a message is delivered with its id, its kind and its text", run: using(delivered) },
    { title: "messages are delivered in the order in which they arrived", run: using(inOrder) },
    { title: "a message that was not stored is delivered again, the same", run: using(redelivery) },
    { title: "another instance goes on from the stored position", run: using(goesOn) },
    { title: "a poll waits for a message that comes later", run: using(waits) },
    { title: "an abort ends a waiting poll at once and loses nothing", run: using(aborts) },
    { title: "an aborted signal ends a poll before it begins", run: using(abortedBefore) },
    { title: "an acknowledgement may be repeated, also by another instance", run: using(acks) },
    ...about.pollFailures.map(({ title, code, arm }) => ({
      title: `a failed poll loses nothing: ${title}`,
      run: using(async ({ bench, open }) => {
        const channel = open();
        const { next } = await poll(channel, null);
        const id = await bench.deliver("behind a failure");
        await arm(bench);
        await refusal(poll(channel, next), code);
        const { deliveries } = await poll(channel, next);
        expect(deliveries.map((delivery) => delivery.id)).toEqual([id]);
      }),
    })),
  ];
}

async function emptyPoll({ open }: Session): Promise<void> {
  const channel = open();
  const first = await poll(channel, null);
  expect(first.deliveries).toEqual([]);
  const second = await poll(channel, first.next);
  expect(second.deliveries).toEqual([]);
}

async function delivered({ bench, open }: Session): Promise<void> {
  const id = await bench.deliver("the very text");
  const { deliveries } = await poll(open(), null);
  expect(deliveries).toHaveLength(1);
  expect(deliveries[0]?.id).toBe(id);
  expect(deliveries[0]?.kind).not.toBe("");
  expect(JSON.stringify(deliveries[0]?.payload)).toContain("the very text");
}

async function inOrder({ bench, open }: Session): Promise<void> {
  const ids: string[] = [];
  for (const text of ["first", "second", "third", "fourth"]) ids.push(await bench.deliver(text));
  const { deliveries } = await drain(open(), ids.length);
  expect(deliveries.map((delivery) => delivery.id)).toEqual(ids);
}

async function redelivery({ bench, open }: Session): Promise<void> {
  await bench.deliver("twice");
  const first = await poll(open(), null);
  const again = await poll(open(), null);
  expect(first.deliveries).toHaveLength(1);
  expect(again.deliveries).toStrictEqual(first.deliveries);
}

async function goesOn({ bench, open }: Session): Promise<void> {
  const before = open();
  await bench.deliver("before");
  const { deliveries, next } = await drain(before, 1);
  for (const { ack } of deliveries) await before.ack(ack, { signal: patience() });
  const id = await bench.deliver("after");
  const received = await poll(open(), next);
  expect(received.deliveries.map((delivery) => delivery.id)).toEqual([id]);
}

async function waits({ bench, open }: Session): Promise<void> {
  const channel = open();
  const { next } = await poll(channel, null);
  const waiting = channel.receive({ after: next, waitMs: longWaitMs, signal: patience() });
  const id = await bench.deliver("late");
  const { deliveries } = await waiting;
  expect(deliveries.map((delivery) => delivery.id)).toEqual([id]);
}

async function aborts({ bench, clock, open }: Session): Promise<void> {
  const channel = open();
  const { next } = await poll(channel, null);
  for (let count = 0; count < aborted; count++) {
    const abort = new AbortController();
    const { signal } = abort;
    const waiting = channel.receive({ after: next, waitMs: longWaitMs, signal });
    await expect.poll(() => clock.waiting()).toBeGreaterThan(0);
    abort.abort();
    await endsWithin(abortMs, waiting);
  }
  // Between its calls a channel may wait for one thing of its own; what the aborts left would come on top.
  await expect
    .poll(() => clock.waiting(), { message: "timers left behind" })
    .toBeLessThanOrEqual(1);
  const id = await bench.deliver("after the abort");
  const { deliveries } = await poll(channel, next);
  expect(deliveries.map((delivery) => delivery.id)).toEqual([id]);
}

async function abortedBefore({ open }: Session): Promise<void> {
  const signal = AbortSignal.abort();
  await endsWithin(abortMs, open().receive({ after: null, waitMs: longWaitMs, signal }));
}

async function acks({ bench, open }: Session): Promise<void> {
  const channel = open();
  const ids = [await bench.deliver("one"), await bench.deliver("two")];
  const { deliveries } = await drain(channel, 2);
  for (const { ack } of deliveries) await channel.ack(ack, { signal: patience() });
  for (const { ack } of deliveries.toReversed()) await open().ack(ack, { signal: patience() });
  for (const id of ids) expect(await bench.isAcknowledged(id)).toBe(true);
}
