import type { Channel } from "../contract/channel.ts";
import { newId } from "../contract/clock.ts";
import { describeError, isBridgeError } from "../contract/errors.ts";
import type { DeadLetterReason } from "../contract/intake.ts";
import type { OutboxItem } from "../contract/outbox.ts";
import { outgoingOf } from "./attachments.ts";
import { backoffMs } from "./backoff.ts";
import { boundedCall } from "./bounded-call.ts";
import type { Engine } from "./engine.ts";
import { repeat } from "./loop.ts";

/** How long one send may take; then its effect is unknown. */
const sendMs = 60_000;
/** How long `sending` keeps other workers away. */
const holdMs = 3 * sendMs;
/** Sends at once, each to another destination. */
const maxSends = 32;
/** Pauses between tries to note what became of a send. */
const noteAgainMs = [50, 200, 800, 2000];
const lookAgainMs = 1000;
/** A reply whose time is over is not tried again before it was tried so often: a restart gives it another try. */
const lastTries = 16;
/** Keeps a store that says "now" and gives nothing from being asked without a pause. */
const shortestWaitMs = 10;
/** How long a stop waits for sends in flight; what is not done then is noted as unknown. */
const stopMs = 3000;

type SendingChannel = Channel & Required<Pick<Channel, "send">>;

/** What is known of a failed send. */
interface SendFailure {
  readonly detail: string;
  readonly unknown: boolean;
  readonly retryable: boolean;
}

function failureOf({ redactor }: Engine, thrown: unknown): SendFailure {
  const detail = redactor.text(describeError(thrown));
  if (!isBridgeError(thrown, "CHANNEL_FAILED")) return { detail, unknown: true, retryable: true };
  const { effect, retryable } = thrown.data;
  return { detail, unknown: effect === "unknown", retryable };
}

/**
 * Notes what became of an item. What is not noted is later taken for unknown and may be sent twice, so a
 * store that refuses is asked again, for as long as `sending` keeps other workers away.
 */
async function noteSurely(
  engine: Engine,
  item: OutboxItem,
  note: () => Promise<void>,
): Promise<void> {
  for (const pauseMs of [...noteAgainMs, null]) {
    try {
      return await note();
    } catch (error) {
      if (pauseMs === null || isBridgeError(error, "STORE_CLOSED")) throw error;
      const facts = { taskId: item.taskId, pauseMs, error: describeError(error) };
      engine.logger.warn("What became of a reply could not be stored; trying again", facts);
      await engine.clock.sleep(pauseMs);
    }
  }
}

async function giveUp(
  engine: Engine,
  item: OutboxItem,
  why: { reason: DeadLetterReason; detail: string },
): Promise<void> {
  const deadLetter = { id: newId("dead", engine.random), ...why };
  engine.logger.error("A reply could not be delivered and is a dead letter", {
    taskId: item.taskId,
    deadLetterId: deadLetter.id,
    ...why,
  });
  await noteSurely(engine, item, async () => {
    await engine.store.outbox.dead(item.id, engine.worker, deadLetter);
  });
}

/** What is certain before any try: an item that must not be tried again. */
function hopeless(
  engine: Engine,
  item: OutboxItem,
  mayRepeat: boolean,
): { reason: DeadLetterReason; detail: string } | undefined {
  if (item.unknown && !mayRepeat) {
    return {
      reason: "reply_dropped",
      detail:
        "Whether it arrived is unknown, the channel would show a repeat twice, and the route says drop.",
    };
  }
  if (item.tries >= lastTries && item.ageMs >= engine.limits.replyMs) {
    return {
      reason: "reply_expired",
      detail: `It could not be delivered within ${engine.limits.replyMs} ms and ${item.tries} tries.`,
    };
  }
  return undefined;
}

async function afterFailure(
  engine: Engine,
  item: OutboxItem,
  of: { failure: SendFailure; mayRepeat: boolean },
): Promise<void> {
  const { detail, unknown, retryable } = of.failure;
  if (!retryable) return await giveUp(engine, item, { reason: "reply_refused", detail });
  if (unknown && !of.mayRepeat)
    return await giveUp(engine, item, { reason: "reply_dropped", detail });
  const delayMs = backoffMs(item.tries + 1);
  if (item.ageMs + delayMs > engine.limits.replyMs)
    return await giveUp(engine, item, { reason: "reply_expired", detail });
  engine.logger.warn("A reply was not delivered; trying again", {
    taskId: item.taskId,
    channel: item.channel,
    delayMs,
    detail,
  });
  const result = { delayMs, detail, unknown: unknown || item.unknown };
  await noteSurely(engine, item, async () => {
    await engine.store.outbox.postpone(item.id, engine.worker, result);
  });
}

/** Whether a repeat is not shown twice. A channel that fails to say is taken as one that shows it. */
function isDeduplicated(engine: Engine, channel: SendingChannel, item: OutboxItem): boolean {
  try {
    return channel.deduplicates(item.destination);
  } catch (error) {
    const facts = { channel: channel.name, taskId: item.taskId, error: describeError(error) };
    engine.logger.warn("The channel could not say whether it deduplicates", facts);
    return false;
  }
}

/** Sends one item whose `sending` is committed, and notes what became of it. */
async function sendItem(
  engine: Engine,
  channel: SendingChannel,
  of: { item: OutboxItem; signal: AbortSignal },
): Promise<void> {
  const { item, signal } = of;
  const deduplicates = isDeduplicated(engine, channel, item);
  const mayRepeat = deduplicates || item.rules.unknownReply === "repeat";
  const end = hopeless(engine, item, mayRepeat);
  if (end !== undefined) return await giveUp(engine, item, end);
  const bounds = { what: `Sending by ${channel.name}`, signal, limitMs: sendMs };
  const outgoing = outgoingOf(channel, item, engine.logger);
  let ref: string | null;
  try {
    const sent = await boundedCall(
      engine.clock,
      bounds,
      async (own) => await channel.send(outgoing, { idempotencyKey: item.id, signal: own }),
    );
    ref = sent.ref;
  } catch (error) {
    return await afterFailure(engine, item, { failure: failureOf(engine, error), mayRepeat });
  }
  await engine.failpoint("send.after");
  const repeated = item.unknown && !deduplicates;
  if (repeated) engine.tally.repeatedReplies++;
  await noteSurely(engine, item, async () => {
    await engine.store.outbox.delivered(item.id, engine.worker, { ref, repeated });
  });
}

/**
 * Sends what is due, first in, first out for each destination; destinations never wait for each other.
 * Resolves after the signal when nothing is being sent any more.
 */
export async function runDelivery(engine: Engine, signal: AbortSignal): Promise<void> {
  const { store, clock, logger } = engine;
  const channels = new Map(
    [...engine.channels].filter(
      (entry): entry is [string, SendingChannel] => entry[1].send !== undefined,
    ),
  );
  const names = [...channels.keys()];
  if (names.length === 0) return;
  const sends = new Map<string, Promise<void>>();
  const sending = new AbortController();
  using bell = engine.feed.listen("outbox");

  const begin = (item: OutboxItem): void => {
    const channel = channels.get(item.channel);
    if (channel === undefined) return;
    const done = sendItem(engine, channel, { item, signal: sending.signal })
      .catch((error: unknown) =>
        logger.error("What became of a reply could not be stored; it is looked at again", {
          taskId: item.taskId,
          error: describeError(error),
        }),
      )
      .finally(() => {
        sends.delete(item.id);
        bell.ring();
      });
    sends.set(item.id, done);
  };

  await repeat("Delivering replies", { clock, logger, signal }, async () => {
    const room = maxSends - sends.size;
    if (room <= 0) return await bell.wait(lookAgainMs, signal);
    const due = (await store.outbox.due(names, room)).filter((item) => !sends.has(item.id));
    const ours =
      due.length === 0
        ? []
        : await store.outbox.sending(
            due.map((item) => item.id),
            engine.worker,
            holdMs,
          );
    for (const item of due) if (ours.includes(item.id)) begin(item);
    if (ours.length > 0) return;
    const nextMs = (await store.outbox.nextDueMs(names)) ?? lookAgainMs;
    await bell.wait(Math.min(lookAgainMs, Math.max(shortestWaitMs, nextMs)), signal);
  });
  const end = clock.timer(stopMs, () => sending.abort(new Error("The bridge stops.")));
  try {
    while (sends.size > 0) await Promise.all(sends.values());
  } finally {
    end.stop();
  }
}
