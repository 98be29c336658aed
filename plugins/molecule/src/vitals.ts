import { describeError } from "@agent-bridge/core";
import type { Clock, Delivery } from "@agent-bridge/core";
import * as z from "zod";

/** The time that the rate of errors is told of, in milliseconds. */
const recentMs = 5 * 60 * 1_000;

/** The longest sample of an error, in characters. */
const sampleLength = 300;

/** What `ack` takes: how far the inbox is settled, by the platform's numbering, and by the message's id where it has none. */
export const ackSchema = z.strictObject({
  seq: z.int().nullable(),
  /** Absent in what an earlier version stored. */
  id: z.string().optional(),
});

/** See {@link ackSchema}. */
export type AckRef = Readonly<z.output<typeof ackSchema>>;

/** How a channel fares, in the platform's words. */
export interface Figures {
  /** The share of polls and sends of the last five minutes that failed, from 0 to 1. */
  readonly error_rate: number;
  /** The latest of their errors; empty where there is none. */
  readonly sample_error: string;
  /** Messages received and not yet acknowledged, those of an earlier start as of the last call of `receive`. */
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
  /** So many messages are accepted and not acknowledged, those of an earlier start with them; nothing where it is not said. */
  accepted(count: number | undefined): void;
  /** Messages were handed over, oldest first. */
  received(deliveries: readonly Delivery[]): void;
  /** All up to this one are to be acknowledged. */
  acknowledged(ref: AckRef): void;
  /** This one alone was acknowledged. */
  popped(id: string): void;
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
  /** In the inbox's order. */
  const open = new Map<string, number | null>();
  /** Those among them that were handed over before this start. */
  let earlier = 0;
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
    accepted: (count) => {
      if (count !== undefined) earlier = Math.max(count - open.size, 0);
    },
    received: (deliveries) => {
      for (const { id, ack } of deliveries) {
        const seq = ackSchema.safeParse(ack).data?.seq ?? null;
        if (seq === null || seq > acknowledgedUpTo) open.set(id, seq);
      }
    },
    popped: (id) => {
      open.delete(id);
    },
    acknowledged: ({ seq, id }) => {
      acknowledgedUpTo = Math.max(acknowledgedUpTo, seq ?? -Infinity);
      let isBefore = id !== undefined && open.has(id);
      for (const [one, number] of open) {
        if (isBefore || (number !== null && number <= acknowledgedUpTo)) open.delete(one);
        if (one === id) isBefore = false;
      }
    },
    figures: () => {
      const errors = recent().flatMap(({ error }) => error ?? []);
      return {
        error_rate: outcomes.length === 0 ? 0 : errors.length / outcomes.length,
        sample_error: errors.at(-1) ?? "",
        active_tasks: earlier + open.size,
        current_task: [...open.keys()].at(-1) ?? "",
        uptime_seconds: Math.floor((clock.steady() - madeAt) / 1_000),
      };
    },
  };
}
