import {
  BridgeError,
  type Channel,
  type ChannelFailure,
  type Delivery,
  type Json,
  type Received,
} from "@agent-bridge/core";
import { never, type SimulatedProcess } from "./process.ts";
import type { World } from "./world.ts";

/** What a message of the simulated people and agents says. */
export interface Letter {
  readonly id: string;
  readonly kind: string;
  readonly payload: Json;
}

/** A message as the platform keeps it. */
interface Kept extends Letter {
  readonly position: number;
}

/** A channel whose platform outlives every process. */
export interface Platform {
  readonly name: string;
  readonly inbox: "log" | "queue";
  readonly letters: readonly Letter[];
  /** How many of them the platform would still hand over. */
  readonly unacknowledged: number;
  deliver(letter: Letter): void;
  /** The channel as one process has it. */
  channelFor(process: SimulatedProcess): Channel;
}

interface PlatformOptions {
  readonly name: string;
  readonly inbox: "log" | "queue";
  readonly deduplicates: boolean;
}

/** What a call of a channel may do with its answer. */
interface Line<T> {
  readonly answer: (value: T) => void;
  /** @param onTold called when the caller hears of it */
  readonly fail: (error: unknown, onTold?: () => void) => void;
}

/** The longest that a slow platform takes. */
const slowestMs = 70_000;

export function platform(world: World, options: PlatformOptions): Platform {
  const { dice, scheduler, weather, referee } = world;
  const { name, inbox, deduplicates } = options;
  const letters: Kept[] = [];
  const gone = new Set<number>();
  const arrivals = new Set<() => void>();
  let acknowledged = 0;

  const failure = (operation: ChannelFailure["operation"], effect: "none" | "unknown") =>
    new BridgeError("CHANNEL_FAILED", {
      channel: name,
      operation,
      detail: "the platform is not well",
      effect,
      retryable: true,
    });

  const wayMs = (): number => {
    if (dice.chance(weather.rate("channelSlow", 0.01))) return dice.between(5000, slowestMs);
    if (dice.chance(weather.rate("channelSlow", 0.1))) return dice.between(100, 3000);
    return dice.between(1, 20);
  };

  /** A call to the platform: carried out after a while, answered after another; what aborts is not waited for. */
  const call = async <T>(
    process: SimulatedProcess,
    of: { label: string; signal: AbortSignal },
    carryOut: (line: Line<T>) => void,
  ): Promise<T> => {
    if (process.isGone) return await never();
    const { label, signal } = of;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const give = (run: () => void): void => process.receive(wayMs(), `answer of ${label}`, run);
    const line: Line<T> = {
      answer: (value) => give(() => resolve(value)),
      fail: (error, onTold) =>
        give(() => {
          onTold?.();
          reject(error);
        }),
    };
    scheduler.after(wayMs(), { owner: null, label: "", run: () => carryOut(line) });
    const isDeaf = dice.chance(weather.rate("channelSlow", 0.05));
    const onAbort = (): void => reject(signal.reason as Error);
    if (!isDeaf) {
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    }
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  };

  const deliveryOf = ({ id, kind, payload, position }: Kept): Delivery => ({
    id,
    kind,
    workspace: "home",
    payload,
    ack: { position },
  });

  /** What a poll gives. A platform that has lost a cursor hands over again what was not acknowledged. */
  const waiting = (after: Json | null): Received => {
    if (inbox === "queue") {
      const head = letters.find(({ position }) => !gone.has(position));
      const twice = dice.chance(weather.rate("redelivery", 0.1)) ? 2 : 1;
      const deliveries =
        head === undefined ? [] : Array.from({ length: twice }, () => deliveryOf(head));
      return { deliveries, next: null };
    }
    const isAgain = dice.chance(weather.rate("redelivery", 0.1));
    const from = isAgain ? acknowledged : Number(after ?? 0);
    const left = letters.filter(({ position }) => position > from).slice(0, dice.between(1, 5));
    const doubled = dice.chance(weather.rate("redelivery", 0.1)) ? [...left, ...left] : left;
    return { deliveries: doubled.map(deliveryOf), next: left.at(-1)?.position ?? null };
  };

  const receive =
    (process: SimulatedProcess): NonNullable<Channel["receive"]> =>
    async ({ after, waitMs, signal }) =>
      await call<Received>(process, { label: `${name}.receive`, signal }, (line) => {
        if (dice.chance(weather.rate("channelFails", 0.08))) {
          const gone410 = new BridgeError("CHANNEL_ANSWER_INVALID", {
            channel: name,
            detail: "410: this cursor is gone",
          });
          return line.fail(dice.chance(0.5) ? gone410 : failure("receive", "none"));
        }
        let isOver = false;
        const look = (): void => {
          if (isOver) return;
          isOver = true;
          arrivals.delete(look);
          line.answer(waiting(after));
        };
        const now = waiting(after);
        if (now.deliveries.length > 0) return line.answer(now);
        arrivals.add(look);
        scheduler.after(waitMs, { owner: null, label: "", run: look });
      });

  const send =
    (process: SimulatedProcess): NonNullable<Channel["send"]> =>
    async ({ destination, text }, { idempotencyKey, signal }) => {
      if (process.isGone) return await never();
      const attempt = referee.sending(process, {
        channel: name,
        key: idempotencyKey,
        destination,
        text,
        deduplicates,
      });
      const onAbort = (): void => attempt.interrupted("it was given up");
      signal.addEventListener("abort", onAbort, { once: true });
      return await call<{ ref: string | null }>(
        process,
        { label: `${name}.send ${attempt.name}`, signal },
        (line) => {
          if (dice.chance(weather.rate("channelFails", 0.1))) {
            return line.fail(failure("send", "none"), attempt.refused);
          }
          if (dice.chance(weather.rate("sendUnknown", 0.08))) {
            attempt.interrupted("its effect is unknown");
            if (dice.chance(0.5)) attempt.shown();
            return line.fail(failure("send", "unknown"));
          }
          if (dice.chance(weather.rate("channelFails", 0.02))) {
            const refused = { ...failure("send", "none").data, retryable: false };
            return line.fail(new BridgeError("CHANNEL_FAILED", refused));
          }
          attempt.shown();
          line.answer({ ref: `ref-${idempotencyKey}` });
        },
      ).finally(() => signal.removeEventListener("abort", onAbort));
    };

  const ack =
    (process: SimulatedProcess): NonNullable<Channel["ack"]> =>
    async (ref, { signal }) => {
      if (process.isGone) return await never();
      const { position } = ref as { position: number };
      const taken = letters.filter((one) =>
        inbox === "log" ? one.position <= position : one.position === position,
      );
      await referee.acknowledging(
        name,
        taken.map(({ id }) => id),
      );
      return await call<void>(process, { label: `${name}.ack ${position}`, signal }, (line) => {
        if (dice.chance(weather.rate("channelFails", 0.08)))
          return line.fail(failure("ack", dice.chance(0.5) ? "none" : "unknown"));
        if (inbox === "log") acknowledged = Math.max(acknowledged, position);
        else gone.add(position);
        for (const tell of arrivals) tell();
        line.answer(undefined);
      });
    };

  return {
    name,
    inbox,
    letters,
    get unacknowledged() {
      return letters.length - (inbox === "log" ? acknowledged : gone.size);
    },
    deliver: (letter) => {
      letters.push({ ...letter, position: letters.length + 1 });
      for (const tell of arrivals) tell();
    },
    channelFor: (process) => ({
      name,
      inbox,
      deduplicates: () => deduplicates,
      receive: receive(process),
      send: send(process),
      ack: ack(process),
    }),
  };
}
