import { BridgeError, type Clock } from "@agent-bridge/core";
import type { Connections, Session } from "./connections.ts";
import { toStoreError } from "./postgres-errors.ts";
import { type StoreTime, timeBy } from "./store-time.ts";
import type { Viewed } from "./tables/viewed.ts";
import type { Query } from "./view/columns.ts";
import { headIn, View } from "./view/view.ts";

const begin: Query = {
  text: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
  values: [],
};
const now: Query = {
  name: "look",
  text: "SELECT position, ord, bytes, time AS noted, time_ms() AS time FROM head",
  values: [],
};
const commit: Query = { text: "COMMIT", values: [] };

type Outcome<T> = { readonly value: T } | { readonly refusal: unknown };

/** Looks at the store: each sees it as it was at one moment, and waits for no writer. */
export class Looks {
  readonly #connections: Connections;
  readonly #viewed: Viewed;
  readonly #time: StoreTime;
  readonly #clock: Clock | undefined;
  #isClosed = false;

  constructor(parts: {
    readonly connections: Connections;
    readonly viewed: Viewed;
    readonly time: StoreTime;
    readonly clock: Clock | undefined;
  }) {
    this.#connections = parts.connections;
    this.#viewed = parts.viewed;
    this.#time = parts.time;
    this.#clock = parts.clock;
  }

  async run<T>(look: () => T): Promise<T> {
    if (this.#isClosed) throw new BridgeError("STORE_CLOSED", {});
    let outcome: Outcome<T>;
    try {
      outcome = await this.#connections.use(async (session) => await this.#runIn(session, look));
    } catch (error) {
      throw toStoreError(error);
    }
    if ("refusal" in outcome) throw outcome.refusal;
    return outcome.value;
  }

  close(): void {
    this.#isClosed = true;
  }

  async #runIn<T>({ ask }: Session, look: () => T): Promise<Outcome<T>> {
    const first = new View();
    this.#attempt(first, look);
    // One statement sees one moment by itself.
    if (first.facts.wanted <= 1) {
      await this.#load(first, ask);
      const outcome = this.#attempt(first, look);
      if (first.facts.isComplete) return outcome;
    }
    const view = new View();
    this.#attempt(view, look);
    await Promise.all([ask(begin), this.#load(view, ask)]);
    for (;;) {
      const outcome = this.#attempt(view, look);
      if (view.facts.isComplete) {
        await ask(commit);
        return outcome;
      }
      await view.facts.load(ask);
    }
  }

  /** Loads what is wanted, with the head and the time. */
  async #load(view: View, ask: Session["ask"]): Promise<void> {
    const [rows] = await Promise.all([ask(now), view.facts.load(ask)]);
    const head = rows[0] ?? {};
    view.head = headIn(head);
    view.time = timeBy(this.#clock, { time: Number(head["time"]), noted: Number(head["noted"]) });
  }

  #attempt<T>(view: View, look: () => T): Outcome<T> {
    this.#viewed.view = view;
    this.#time.time = view.time;
    try {
      return { value: look() };
    } catch (refusal) {
      return { refusal };
    }
  }
}
