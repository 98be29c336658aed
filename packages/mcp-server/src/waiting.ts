import type { Clock } from "@agent-bridge/core";
import type { ToolCall } from "./tool.ts";

/** How long after its limit a wait is given up that the store holds up. */
const graceMs = 500;

/** How often a caller that asked for it is told that it is still waited. */
const progressMs = 8000;

/**
 * Waits for work that bounds itself, and a little longer, but not for ever: a store that does not answer holds
 * up no call. What was left to itself then tells nobody how it ended.
 *
 * @returns undefined when the time was over first
 */
export async function bounded<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
): Promise<T | undefined> {
  const over = Promise.withResolvers<undefined>();
  const timer = clock.timer(ms + graceMs, () => over.resolve(undefined));
  work.catch(() => undefined);
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    timer.stop();
  }
}

/** Tells the caller, if it asked, at regular times that it is still waited; until disposed. */
export function ticking({ clock, progress }: ToolCall, message: string): Disposable {
  let timer: { stop(): void } | undefined;
  const tick = (): void => {
    timer = clock.timer(progressMs, () => {
      progress?.(message);
      tick();
    });
  };
  if (progress !== undefined) tick();
  return { [Symbol.dispose]: () => timer?.stop() };
}
