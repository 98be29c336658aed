import type { Clock } from "../contract/clock.ts";
import type { Hint, Log } from "../contract/log.ts";
import { createWake, type Wake } from "./wake.ts";

/** How often a lost hint of an event is made up for. */
const lookAgainMs = 1000;

/**
 * Rings the bells of those who wait for something. One watcher on the log serves all of them. Those who listen to
 * events are rung every second as well, all in one moment, so that a hint may be lost, and looking again costs little.
 */
export interface Feed extends Disposable {
  /** A bell for a topic: for the named tasks or channels only, or for all of them where none is named. */
  listen(topic: Hint["topic"], ...subjects: readonly string[]): Wake & Disposable;
}

const keyOf = (topic: Hint["topic"], subject: string | undefined): string =>
  subject === undefined ? topic : `${topic} ${subject}`;

const subjectOf = (hint: Hint): string | undefined => {
  if (hint.topic === "events" || hint.topic === "news") return hint.taskId;
  return hint.topic === "acks" ? hint.channel : undefined;
};

export function createFeed(log: Log, clock: Clock): Feed {
  const bells = new Map<string, Set<Wake>>();
  const ring = (key: string): void => {
    for (const bell of bells.get(key) ?? []) bell.ring();
  };
  let readers = 0;
  let timer: { stop(): void } | undefined;
  const lookAgain = (): void => {
    timer = clock.timer(lookAgainMs, lookAgain);
    for (const key of bells.keys()) if (key.startsWith("events")) ring(key);
  };
  const beginReader = (): void => {
    if (readers++ === 0) timer = clock.timer(lookAgainMs, lookAgain);
  };
  const endReader = (): void => {
    if (--readers === 0) timer?.stop();
  };
  const watch = log.watch((hint) => {
    ring(hint.topic);
    const subject = subjectOf(hint);
    if (subject !== undefined) ring(keyOf(hint.topic, subject));
  });
  return {
    listen: (topic, ...subjects) => {
      const keys = subjects.length === 0 ? [topic] : subjects.map((one) => keyOf(topic, one));
      const wake = createWake(clock);
      if (topic === "events") beginReader();
      for (const key of keys) bells.set(key, (bells.get(key) ?? new Set()).add(wake));
      return {
        ring: wake.ring,
        wait: wake.wait,
        [Symbol.dispose]: () => {
          if (topic === "events") endReader();
          for (const key of keys) {
            bells.get(key)?.delete(wake);
            if (bells.get(key)?.size === 0) bells.delete(key);
          }
        },
      };
    },
    [Symbol.dispose]: () => {
      timer?.stop();
      watch[Symbol.dispose]();
    },
  };
}
