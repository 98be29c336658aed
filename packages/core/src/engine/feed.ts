import type { Clock } from "../contract/clock.ts";
import type { Hint, Log } from "../contract/log.ts";
import { createWake, type Wake } from "./wake.ts";

/** Rings the bells of those who wait for something. One watcher on the log serves all of them. */
export interface Feed extends Disposable {
  /** A bell for a topic; for `events` and `news` of one task, or of all where no task is named. */
  listen(topic: Hint["topic"], subject?: string): Wake & Disposable;
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
    listen: (topic, subject) => {
      const key = keyOf(topic, subject);
      const wake = createWake(clock);
      const set = bells.get(key) ?? new Set();
      bells.set(key, set.add(wake));
      return {
        ring: wake.ring,
        wait: wake.wait,
        [Symbol.dispose]: () => {
          set.delete(wake);
          if (set.size === 0 && bells.get(key) === set) bells.delete(key);
        },
      };
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}
