import type { Channel } from "../contract/channel.ts";
import { describeError } from "../contract/errors.ts";
import { backoffMs } from "./backoff.ts";
import { boundedCall } from "./bounded-call.ts";
import type { Engine } from "./engine.ts";
import { pause } from "./loop.ts";

const lookAgainMs = 1000;
/** How long one acknowledgement may take. */
const ackMs = 60_000;

type AcknowledgingChannel = Channel & Required<Pick<Channel, "ack">>;

/** True for channels whose messages are acknowledged to the platform. */
export function acknowledges(channel: Channel): channel is AcknowledgingChannel {
  return channel.ack !== undefined && channel.inbox !== "push";
}

/**
 * Acknowledges settled messages of one channel, from what is stored: also those of an earlier process.
 * A failure is tried again after a growing pause, and costs neither a run nor a reply.
 */
export async function runAcknowledgement(
  engine: Engine,
  channel: AcknowledgingChannel,
  signal: AbortSignal,
): Promise<void> {
  const { intake } = engine.store;
  const style = channel.inbox === "log" ? "log" : "queue";
  const bounds = { what: `An acknowledgement by ${channel.name}`, signal, limitMs: ackMs };
  using bell = engine.feed.listen("acks", channel.name);
  for (let failures = 0; !signal.aborted;) {
    try {
      const due = await intake.acksDue(channel.name, style);
      for (const { ack, messages } of due) {
        signal.throwIfAborted();
        await boundedCall(engine.clock, bounds, async (own) => {
          await channel.ack(ack, { signal: own });
        });
        await intake.acknowledged(channel.name, messages);
      }
      failures = 0;
      if (due.length === 0) await bell.wait(lookAgainMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      const pauseMs = backoffMs(failures);
      engine.logger[failures === 1 ? "warn" : "debug"]("Acknowledging failed; trying again", {
        channel: channel.name,
        pauseMs,
        error: describeError(error),
      });
      await pause(engine.clock, pauseMs, signal);
    }
  }
}
