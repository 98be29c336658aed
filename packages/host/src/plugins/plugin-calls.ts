import { AsyncLocalStorage } from "node:async_hooks";
import { describeError, isBridgeError } from "@agent-bridge/core";

/** Code of a plugin that is being called: `{ plugin: "./mine", what: "runner echo.run" }`. */
export interface PluginCall {
  readonly plugin: string;
  readonly what: string;
}

/** A call that held the event loop up. */
export interface HeldUp extends PluginCall {
  readonly ms: number;
}

/** What plugins threw where they promised not to. */
export interface Thrown {
  readonly count: number;
  readonly last: string | null;
}

/** What held the loop up for less is not kept. */
const heldUpMs = 100;
/** Of so many calls it is kept until somebody asks. */
const maxHeldUp = 20;

const nothingThrown: Thrown = { count: 0, last: null };

/**
 * Knows which plugin's code runs: for what it prints, what it throws, and what holds the event loop up.
 * Code that a call started, such as its timers and promises, belongs to the call.
 */
export class PluginCalls {
  readonly #scope = new AsyncLocalStorage<PluginCall>();
  readonly #open = new Map<PluginCall, number>();
  readonly #thrown = new Map<string, Thrown>();
  #heldUp: HeldUp[] = [];

  /** The call that the code running now belongs to. */
  get current(): PluginCall | undefined {
    return this.#scope.getStore();
  }

  /** The calls that have not ended, oldest first. */
  get open(): readonly PluginCall[] {
    return [...this.#open.keys()];
  }

  thrownBy(plugin: string): Thrown {
    return this.#thrown.get(plugin) ?? nothingThrown;
  }

  /** What has held the loop up since the last call of this method. */
  takeHeldUp(): readonly HeldUp[] {
    const taken = this.#heldUp;
    this.#heldUp = [];
    return taken;
  }

  /** Runs code of a plugin. What it throws goes on to the caller. */
  enter<T>(call: PluginCall, work: () => T): T {
    const begun = performance.now();
    const own = { ...call };
    this.#open.set(own, begun);
    let result: T | undefined;
    try {
      result = this.#scope.run(own, work);
      return result;
    } finally {
      const ms = performance.now() - begun;
      if (ms >= heldUpMs && this.#heldUp.length < maxHeldUp) this.#heldUp.push({ ...call, ms });
      if (result instanceof Promise) {
        const close = (): void => void this.#open.delete(own);
        result.then(close, close);
      } else this.#open.delete(own);
    }
  }

  /** Notes what a plugin threw; refusals of the error table are no faults. */
  note({ plugin, what }: PluginCall, error: unknown): void {
    if (isBridgeError(error)) return;
    const { count } = this.thrownBy(plugin);
    this.#thrown.set(plugin, { count: count + 1, last: `${what}: ${describeError(error)}` });
  }
}
