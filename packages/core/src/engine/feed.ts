import type { Clock } from "../contract/clock.ts";
import type { Hint, Log } from "../contract/log.ts";
import { createWake, type Wake } from "./wake.ts";

/** Rings the bells of those who wait for something. One watcher on the log serves all of them. */
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
  const watch = log.watch((hint) => {
    ring(hint.topic);
    const subject = subjectOf(hint);
    if (subject !== undefined) ring(keyOf(hint.topic, subject));
  });
  return {
    listen: (topic, ...subjects) => {
      const keys = subjects.length === 0 ? [topic] : subjects.map((one) => keyOf(topic, one));
      const wake = createWake(clock);
      for (const key of keys) bells.set(key, (bells.get(key) ?? new Set()).add(wake));
      return {
        ring: wake.ring,
        wait: wake.wait,
        [Symbol.dispose]: () => {
          for (const key of keys) {
            bells.get(key)?.delete(wake);
            if (bells.get(key)?.size === 0) bells.delete(key);
          }
        },
      };
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}
