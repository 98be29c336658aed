import { BridgeError, type Clock, type Hint } from "@agent-bridge/core";
import { askAll, type Connections, type Session } from "./connections.ts";
import { isOfOneChange, isRefusal, isTransient, toStoreError } from "./postgres-errors.ts";
import { type StoreTime, timeBy } from "./store-time.ts";
import type { Viewed } from "./tables/viewed.ts";
import type { Query } from "./view/columns.ts";
import { headIn, View } from "./view/view.ts";

/** A change that waits for its commit. */
interface Waiting {
  readonly run: (hints: Hint[]) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** What became of a change when the rules ran. */
type Outcome =
  | { readonly value: unknown; readonly hints: readonly Hint[] }
  | { readonly refusal: unknown };

interface Parts {
  readonly connections: Connections;
  readonly viewed: Viewed;
  readonly time: StoreTime;
  readonly clock: Clock | undefined;
  readonly tell: (hints: readonly Hint[]) => void;
  /** Names this process among those that use the schema. */
  readonly instance: string;
}

/** The most changes of one commit. */
const maxGroup = 500;
/** How often a transaction is tried again that the server undid for another's sake. */
const maxTries = 5;
/** How long it is asked for what became of a commit whose answer was lost, and how often. */
const lostCommit = { pauseMs: 250, tries: 80 };

const begin: Query = { text: "BEGIN ISOLATION LEVEL READ COMMITTED", values: [] };
/** Every writer holds the head from its first look to its commit: changes come one after another. The time is that after the wait. */
const lock: Query = {
  name: "lock",
  text: `SELECT held.*, time_ms() AS time
    FROM (SELECT position, ord, bytes, time AS noted FROM head FOR UPDATE) AS held`,
  values: [],
};
/** The number of this process's last commit. */
const noteFlush: Query = {
  name: "note flush",
  text: `INSERT INTO flush VALUES ($1, $2, time_ms())
    ON CONFLICT (instance) DO UPDATE SET number = excluded.number, time = excluded.time`,
  values: [],
};
const lastFlush: Query = {
  name: "last flush",
  text: "SELECT number FROM flush WHERE instance = $1",
  values: [],
};
const commit: Query = { text: "COMMIT", values: [] };
const rollback: Query = { text: "ROLLBACK", values: [] };

/** The answer to a commit was lost with the connection. */
class LostCommit extends Error {
  constructor(cause: unknown) {
    super("The connection was lost during a commit.", { cause });
  }
}

/**
 * Commits changes in groups: those that arrive while another commit is under way share the next. One that
 * throws is undone alone. A change runs more than once until it is committed.
 */
export class GroupCommit {
  readonly #parts: Parts;
  #queue: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #isClosed = false;
  /** Counts the tries to commit. */
  #number = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Puts a change in line; resolves when its commit is durable. */
  async add<T>(run: (hints: Hint[]) => T): Promise<T> {
    if (this.#isClosed) throw new BridgeError("STORE_CLOSED", {});
    return await new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, resolve: resolve as (value: unknown) => void, reject });
      this.#flushing ??= this.#flushAll();
    });
  }

  /** Commits what is in line, and refuses everything after it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#flushing;
  }

  async #flushAll(): Promise<void> {
    // What arrives in this turn of the event loop goes with the first.
    await new Promise((resolve) => void setImmediate(resolve));
    while (this.#queue.length > 0) await this.#flush(this.#queue.splice(0, maxGroup));
    this.#flushing = null;
  }

  /** Never rejects: each change of the group is answered. */
  async #flush(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#commit(group);
    } catch (error) {
      if (group.length > 1 && isOfOneChange(error)) {
        for (const one of group) await this.#flush([one]);
        return;
      }
      const told = toStoreError(error);
      for (const { reject } of group) reject(told);
    }
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return this.#answer(group, await this.#transact(group));
      } catch (error) {
        if (tries >= maxTries || !isTransient(error)) throw error;
      }
    }
  }

  #answer(group: readonly Waiting[], outcomes: readonly Outcome[]): void {
    const hints: Hint[] = [];
    for (const [place, { resolve, reject }] of group.entries()) {
      const outcome = outcomes[place] as Outcome;
      if ("refusal" in outcome) {
        reject(outcome.refusal);
        continue;
      }
      hints.push(...outcome.hints);
      // What one caller does with its result is nothing to those of the same commit.
      resolve(structuredClone(outcome.value));
    }
    this.#parts.tell(hints);
  }

  /** Runs all of a group in one transaction. */
  async #transact(group: readonly Waiting[]): Promise<readonly Outcome[]> {
    const { connections } = this.#parts;
    // What was made of a commit is found out on another connection.
    const outcomes: Outcome[] = [];
    try {
      await connections.use(async (session) => await this.#runIn(session, group, outcomes));
    } catch (error) {
      if (!(error instanceof LostCommit) || !(await this.#isCommitted())) throw error;
    }
    return outcomes;
  }

  async #runIn({ ask }: Session, group: readonly Waiting[], outcomes: Outcome[]): Promise<void> {
    const { clock } = this.#parts;
    const view = new View();
    // Over a view that knows nothing: what will be asked first is known before anything is locked.
    this.#run(view, group);
    view.undo(0);
    const [, rows] = await Promise.all([ask(begin), ask(lock), view.facts.load(ask)]);
    const head = rows[0] ?? {};
    view.head = headIn(head);
    view.time = timeBy(clock, { time: Number(head["time"]), noted: Number(head["noted"]) });
    for (;;) {
      outcomes.splice(0, outcomes.length, ...this.#run(view, group));
      if (view.facts.isComplete) break;
      view.undo(0);
      await view.facts.load(ask);
    }
    const queries = view.queries();
    if (queries.length === 0) return void (await ask(rollback));
    const values = [this.#parts.instance, ++this.#number];
    await askAll(ask, [...queries, { ...noteFlush, values }]);
    await this.#end(ask);
  }

  /** @throws LostCommit when whether it was done is not known */
  async #end(ask: Session["ask"]): Promise<void> {
    try {
      await ask(commit);
    } catch (error) {
      throw isRefusal(error) ? error : new LostCommit(error);
    }
  }

  /** Runs the changes of a group over a view, one after another. */
  #run(view: View, group: readonly Waiting[]): Outcome[] {
    this.#parts.viewed.view = view;
    this.#parts.time.time = view.time;
    return group.map(({ run }) => {
      const mark = view.mark();
      const hints: Hint[] = [];
      try {
        return { value: run(hints), hints };
      } catch (refusal) {
        view.undo(mark);
        return { refusal };
      }
    });
  }

  /**
   * Asks what became of the last commit. It held the head: once that can be had, the commit is over, one way or
   * the other. (The server's own numbers of transactions are given again after a crash.)
   *
   * @throws BridgeError STORE_FAILED when nobody answers
   */
  async #isCommitted(): Promise<boolean> {
    const { connections, time, instance } = this.#parts;
    for (let tries = 1; ; tries++) {
      try {
        return await connections.use(async ({ ask }) => {
          const last = { ...lastFlush, values: [instance] };
          const [, , rows] = await Promise.all([ask(begin), ask(lock), ask(last), ask(rollback)]);
          return Number(rows[0]?.["number"] ?? 0) === this.#number;
        });
      } catch (error) {
        if (tries >= lostCommit.tries) throw unknownCommit(error);
      }
      await time.clock.sleep(lostCommit.pauseMs);
    }
  }
}

function unknownCommit(cause: unknown): BridgeError {
  const detail =
    "the connection was lost during a commit, and the server does not answer: whether it was done is not known";
  return new BridgeError("STORE_FAILED", { detail }, { cause });
}
