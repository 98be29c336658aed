import type { Logger } from "@agent-bridge/core";
import type { PluginCalls } from "./plugin-calls.ts";

/** How often the loop is looked at. */
const beatMs = 250;
/** How late a beat must be to count as held up. */
const lateMs = 500;
/** Of so many calls that were open it is told. */
const maxTold = 5;

/** How the event loop, which all plugins share, fared since the start. */
export interface LoopStatus {
  /** How often it stood still for half a second or more. */
  readonly heldUp: number;
  readonly longestMs: number;
  readonly last: {
    /** Epoch milliseconds. */
    readonly at: number;
    readonly ms: number;
    /** What held it up, where that is known; else the plugins' calls that were open. */
    readonly during: readonly string[];
    readonly isKnown: boolean;
  } | null;
}

/** Watches for whatever holds the event loop up: then nothing else works either. */
export interface LoopWatch extends Disposable {
  readonly status: LoopStatus;
}

export function watchLoop(logger: Logger, calls: PluginCalls): LoopWatch {
  let status: LoopStatus = { heldUp: 0, longestMs: 0, last: null };
  let due = performance.now() + beatMs;
  const timer = setInterval(() => {
    const ms = Math.round(performance.now() - due);
    due = performance.now() + beatMs;
    const known = calls.takeHeldUp();
    if (ms < lateMs) return;
    const isKnown = known.length > 0;
    const during = (isKnown ? known : calls.open)
      .slice(0, maxTold)
      .map(({ plugin, what }) => `${plugin}: ${what}`);
    status = {
      heldUp: status.heldUp + 1,
      longestMs: Math.max(status.longestMs, ms),
      last: { at: Date.now(), ms, during, isKnown },
    };
    logger.warn("The event loop was held up: nothing else could work", { ms, during, isKnown });
  }, beatMs);
  timer.unref();
  return {
    get status() {
      return status;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
