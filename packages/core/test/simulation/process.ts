import type { Clock } from "@agent-bridge/core";
import type { Scheduler, StepOwner } from "./scheduler.ts";

/** What never comes: the answers that a process that is gone does not get any more. */
export const never = async <T>(): Promise<T> => await new Promise<T>(() => undefined);

/**
 * One start of one node. When it crashes, nothing that it waits for comes any more and nothing that it still
 * does has an effect; while it is paused, all that comes for it waits.
 */
export class SimulatedProcess implements StepOwner {
  readonly name: string;
  readonly node: string;
  readonly clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #goners = new Set<() => void>();
  /** How far this machine's wall clock is off. */
  wallOffsetMs = 0;
  isPaused = false;
  isGone = false;
  /** How often it was paused: what it did at that time may have been taken over by others. */
  pauses = 0;
  /** Timers of the engine that have neither rung nor been stopped. */
  timers = 0;
  /** Who reads by this process, until it stops. */
  readonly guests = new Set<AbortController>();
  /** Watches on the log that have not been disposed. */
  watches = 0;

  constructor(scheduler: Scheduler, of: { node: string; boot: number }) {
    this.#scheduler = scheduler;
    this.node = of.node;
    this.name = `${of.node}.${of.boot}`;
    this.clock = {
      now: () => scheduler.time + this.wallOffsetMs,
      steady: () => scheduler.time,
      sleep: async (ms, signal) => await this.#sleep(ms, signal),
      timer: (ms, callback) => this.#timer(ms, callback),
    };
  }

  /** Ends it here and now. */
  end(how: string): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#scheduler.trace(`${this.name} ${how}`);
    this.#scheduler.drop(this);
    for (const tell of this.#goners) tell();
    this.#goners.clear();
  }

  /** Calls back when it is gone. */
  onGone(tell: () => void): { stop(): void } {
    this.#goners.add(tell);
    return { stop: () => void this.#goners.delete(tell) };
  }

  /** Something comes to this process: at once, or later; never when it is gone. */
  receive(ms: number, label: string, run: () => void): void {
    if (this.isGone) return;
    if (ms === 0 && !this.isPaused) return run();
    this.#scheduler.after(ms, { owner: this, label, run });
  }

  #timer(ms: number, callback: () => void): { stop(): void } {
    if (this.isGone) return { stop: () => undefined };
    let isOpen = true;
    this.timers++;
    const close = (): boolean => {
      if (!isOpen) return false;
      isOpen = false;
      this.timers--;
      return true;
    };
    const set = this.#scheduler.after(ms, {
      owner: this,
      label: "",
      run: () => {
        close();
        callback();
      },
    });
    return {
      stop: () => {
        if (close()) set.stop();
      },
    };
  }

  async #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = this.#timer(ms, resolve);
    const onAbort = (): void => {
      timer.stop();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
