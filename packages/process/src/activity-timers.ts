import type { ResolvedLimits } from "./process-limits.ts";

export type TimerName = "start" | "idle" | "total";

/** A longer delay would make Node's timers fire at once. */
const longestMs = 2 ** 31 - 1;

/** The three timers of a process. They run on the monotonic clock: a jump of the time of day does not move them. */
export class ActivityTimers {
  readonly #limits: ResolvedLimits;
  readonly #onFire: (which: TimerName, limitMs: number) => void;
  readonly #timers = new Map<TimerName, NodeJS.Timeout>();
  #idleHolds = 0;
  #hasStarted = false;
  #isOver = false;

  constructor(limits: ResolvedLimits, onFire: (which: TimerName, limitMs: number) => void) {
    this.#limits = limits;
    this.#onFire = onFire;
    this.#arm("total");
    if (limits.startMs === Infinity) this.started();
    else this.#arm("start");
  }

  /** Ends the start timer; the idle timer takes over. */
  started(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#disarm("start");
    this.#armIdle();
  }

  /** Called for every line, so it must be cheap. */
  touch(): void {
    this.#timers.get("idle")?.refresh();
  }

  holdIdle(): Disposable {
    this.#idleHolds += 1;
    this.#disarm("idle");
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#idleHolds -= 1;
        this.#armIdle();
      },
    };
  }

  /** Stops all timers for good. */
  end(): void {
    this.#isOver = true;
    for (const which of this.#timers.keys()) this.#disarm(which);
  }

  #armIdle(): void {
    if (this.#hasStarted && this.#idleHolds === 0) this.#arm("idle");
  }

  #arm(which: TimerName): void {
    const limitMs = this.#limits[`${which}Ms`];
    if (this.#isOver || limitMs === Infinity) return;
    this.#disarm(which);
    const timer = setTimeout(() => this.#onFire(which, limitMs), Math.min(limitMs, longestMs));
    this.#timers.set(which, timer);
  }

  #disarm(which: TimerName): void {
    clearTimeout(this.#timers.get(which));
    this.#timers.delete(which);
  }
}
