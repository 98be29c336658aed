import { describeError } from "@agent-bridge/core";
import type { Clock, Delivery } from "@agent-bridge/core";
import * as z from "zod";

/** The time that the rate of errors is told of, in milliseconds. */
const recentMs = 5 * 60 * 1_000;

/** The longest sample of an error, in characters. */
const sampleLength = 300;

/** What `ack` takes: how far the platform's own numbering is settled. */
export const ackSchema = z.strictObject({ seq: z.int().nullable() });

/** How a channel fares, in the platform's words. */
export interface Figures {
  /** The share of polls and sends of the last five minutes that failed, from 0 to 1. */
  readonly error_rate: number;
  /** The latest of their errors; empty where there is none. */
  readonly sample_error: string;
  /** Messages received and not yet acknowledged. */
  readonly active_tasks: number;
  /** The id of the newest of them; empty where there is none. */
  readonly current_task: string;
  /** Since the channel was made. */
  readonly uptime_seconds: number;
}

/** Keeps count of what a channel does. */
export interface Vitals {
  /** Counts one poll or send when it ends, and gives its outcome. One that was aborted is not counted. */
  counted<T>(work: Promise<T>, signal: AbortSignal): Promise<T>;
  /** Messages were handed over. Those that the platform does not number can not be told acknowledged, so they do not count. */
  received(deliveries: readonly Delivery[]): void;
  /** All up to this `seq` are to be acknowledged. */
  acknowledged(seq: number): void;
  figures(): Figures;
}

interface Outcome {
  readonly at: number;
  /** Null for a success. */
  readonly error: string | null;
}

/** Creates the count of a channel that is made now. */
export function createVitals(clock: Clock): Vitals {
  const madeAt = clock.steady();
  const open = new Map<number, string>();
  let acknowledgedUpTo = -Infinity;
  let outcomes: Outcome[] = [];

  const recent = (): Outcome[] => {
    const since = clock.steady() - recentMs;
    return (outcomes = outcomes.filter(({ at }) => at > since));
  };
  const note = (error: string | null): void => {
    recent().push({ at: clock.steady(), error });
  };

  return {
    counted: async (work, signal) => {
      try {
        const value = await work;
        note(null);
        return value;
      } catch (error) {
        if (!signal.aborted) note(describeError(error).slice(0, sampleLength));
        throw error;
      }
    },
    received: (deliveries) => {
      for (const { id, ack } of deliveries) {
        const seq = ackSchema.safeParse(ack).data?.seq ?? -Infinity;
        if (seq > acknowledgedUpTo) open.set(seq, id);
      }
    },
    acknowledged: (seq) => {
      acknowledgedUpTo = Math.max(acknowledgedUpTo, seq);
      for (const one of open.keys()) if (one <= seq) open.delete(one);
    },
    figures: () => {
      const errors = recent().flatMap(({ error }) => error ?? []);
      return {
        error_rate: outcomes.length === 0 ? 0 : errors.length / outcomes.length,
        sample_error: errors.at(-1) ?? "",
        active_tasks: open.size,
        current_task: open.get(newestOf(open)) ?? "",
        uptime_seconds: Math.floor((clock.steady() - madeAt) / 1_000),
      };
    },
  };
}

function newestOf(open: ReadonlyMap<number, string>): number {
  let newest = -Infinity;
  for (const seq of open.keys()) newest = Math.max(newest, seq);
  return newest;
}
