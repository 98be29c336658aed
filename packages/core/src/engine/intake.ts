import type { Channel, Delivery, Received } from "../contract/channel.ts";
import { describeError } from "../contract/errors.ts";
import type { ChannelStatus } from "../contract/handle.ts";
import type { Accepted } from "../contract/intake.ts";
import { backoffMs } from "./backoff.ts";
import { boundedCall } from "./bounded-call.ts";
import type { Engine } from "./engine.ts";
import { pause } from "./loop.ts";
import { messageOf } from "./messages.ts";
import { hashOf, isDeeperThan } from "../plain-data.ts";

/** The longest pause after a poll that came back empty at once. */
const emptyPauseMs = 1000;
/** How much longer than it was told to wait a poll may take. */
const overdueMs = 30_000;
/** Of so many messages it is remembered that their change was told. */
const maxChanged = 1000;
/** How often a lost hint is made up for. */
const lookAgainMs = 1000;

/** What a message that is not new becomes. */
const known: ReadonlySet<Accepted["result"]> = new Set(["known", "expired"]);

/** How one channel's intake fares; read by `status`. */
export type IntakeState = {
  -readonly [
    K in keyof Omit<ChannelStatus, "name" | "inbox" | "unacknowledged" | "details">
  ]: ChannelStatus[K];
};

type ReceivingChannel = Channel & Required<Pick<Channel, "receive">>;

/** True for channels that are polled. */
export function receives(channel: Channel): channel is ReceivingChannel {
  return channel.receive !== undefined && channel.inbox !== "push";
}

/** For a queue that shows only its head: waits until the message taken last is settled and acknowledged. */
async function headIsFree(engine: Engine, channel: Channel, signal: AbortSignal): Promise<void> {
  if (channel.inbox !== "queue" || channel.readsAhead === true) return;
  using acks = engine.feed.listen("acks", channel.name);
  while (!signal.aborted && (await engine.store.intake.unacknowledged(channel.name)) > 0) {
    await acks.wait(lookAgainMs, signal);
  }
}

/** Waits while a channel has brought more messages than it may: they stay where they are, and nothing has failed. */
async function rateIsFree(engine: Engine, channel: Channel, signal: AbortSignal): Promise<void> {
  const { rate, clock, logger } = engine;
  const waitMs = rate.waitMs(rateOf(channel));
  if (waitMs === 0) return;
  logger.debug("A channel brings messages faster than they are taken; it is polled later", {
    channel: channel.name,
    waitMs,
  });
  await pause(clock, waitMs, signal);
}

const rateOf = ({ name }: Channel): string => `channel:${name}`;

function countHops(engine: Engine, results: readonly Accepted[]): void {
  for (const result of results) {
    if (result.result !== "dead_letter") continue;
    if (result.reason === "hop_limit") engine.tally.hopLimited++;
    engine.logger.warn("A message became a dead letter", {
      reason: result.reason,
      deadLetterId: result.deadLetterId,
    });
  }
}

/** True when a known message came with another body than the one that was accepted. */
function hasChanged(engine: Engine, delivery: Delivery, accepted: Accepted | undefined): boolean {
  if (accepted?.result !== "known" || accepted.task === null) return false;
  if (isDeeperThan(delivery.payload, engine.limits.messageDepth)) return true;
  return hashOf(delivery.payload) !== hashOf(accepted.task.input.payload);
}

/** Accepts what one poll gave: messages and position in one commit. @returns true when something was new */
async function acceptReceived(
  engine: Engine,
  channel: Channel,
  of: { received: Received; changed: Set<string> },
): Promise<boolean> {
  const { received, changed } = of;
  const messages = await Promise.all(
    received.deliveries.map((delivery) => messageOf(engine, channel.name, delivery)),
  );
  if (messages.length === 0 && received.next === null) return false;
  await engine.failpoint("accept.before");
  const results = await engine.store.intake.accept({
    messages,
    ...(received.next === null ? {} : { position: { channel: channel.name, next: received.next } }),
  });
  await engine.failpoint("accept.after");
  countHops(engine, results);
  for (const [index, delivery] of received.deliveries.entries()) {
    if (changed.has(delivery.id) || !hasChanged(engine, delivery, results[index])) continue;
    if (changed.size >= maxChanged) changed.clear();
    changed.add(delivery.id);
    const facts = { channel: channel.name, messageId: delivery.id };
    engine.logger.warn("A known message came again with another body, which is not used", facts);
  }
  const fresh = results.filter(({ result }) => !known.has(result)).length;
  engine.rate.count(rateOf(channel), fresh);
  return fresh > 0;
}

/** One poll and what follows from it. */
async function poll(
  engine: Engine,
  channel: ReceivingChannel,
  of: { signal: AbortSignal; changed: Set<string> },
): Promise<{ quick: boolean }> {
  const { signal, changed } = of;
  const began = engine.clock.steady();
  const after = await engine.store.intake.position(channel.name);
  const unacknowledged = await engine.store.intake.unacknowledged(channel.name);
  const { waitMs } = engine.limits;
  const bounds = { what: `Receiving by ${channel.name}`, signal, limitMs: waitMs + overdueMs };
  const received = await boundedCall(
    engine.clock,
    bounds,
    async (own) => await channel.receive({ after, waitMs, signal: own, unacknowledged }),
  );
  if (signal.aborted) return { quick: false };
  const isNew = await acceptReceived(engine, channel, { received, changed });
  return { quick: !isNew && engine.clock.steady() - began < emptyPauseMs };
}

/**
 * Receives from one channel until the signal aborts. A failed poll stores and acknowledges nothing, and
 * is followed by a growing pause; one warning tells of a row of failures.
 */
export async function runIntake(
  engine: Engine,
  channel: ReceivingChannel,
  running: { state: IntakeState; signal: AbortSignal },
): Promise<void> {
  const { state, signal } = running;
  const { clock, logger } = engine;
  const changed = new Set<string>();
  while (!signal.aborted) {
    try {
      state.state = "waiting";
      await headIsFree(engine, channel, signal);
      await rateIsFree(engine, channel, signal);
      if (signal.aborted) break;
      state.state = "receiving";
      const { quick } = await poll(engine, channel, { signal, changed });
      if (state.failures > 0)
        logger.info("Receiving again", { channel: channel.name, failures: state.failures });
      const lastGoodPollAt = clock.now();
      Object.assign(state, { failures: 0, lastError: null, lastGoodPollAt, nextPollAt: null });
      if (quick) await pause(clock, emptyPauseMs, signal);
    } catch (error) {
      if (signal.aborted) break;
      state.failures++;
      const pauseMs = backoffMs(state.failures);
      Object.assign(state, {
        state: "backing_off",
        lastError: engine.redactor.text(describeError(error)),
        nextPollAt: clock.now() + pauseMs,
      });
      logger[state.failures === 1 ? "warn" : "debug"]("Polling failed; trying again", {
        channel: channel.name,
        pauseMs,
        error: state.lastError,
      });
      await pause(clock, pauseMs, signal);
    }
  }
  state.state = "stopped";
}
