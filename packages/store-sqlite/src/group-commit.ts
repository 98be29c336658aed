import type { DatabaseSync } from "node:sqlite";
import { BridgeError, type Hint, type Room } from "@agent-bridge/core";
import { isFatal, isHarmless, toStoreError } from "./sqlite-errors.ts";

/** A change that waits for its commit. */
interface Waiting {
  readonly run: (hints: Hint[]) => unknown;
  readonly room: Room;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/** What became of one change, to be told after the commit. */
interface Done {
  readonly waiting: Waiting;
  readonly outcome: { readonly value: unknown } | { readonly error: unknown };
}

interface Parts {
  readonly db: DatabaseSync;
  readonly path: string;
  /** Sets how large the file may become for the change that follows. */
  readonly makeRoom: (room: Room) => void;
  /** Called in every transaction, before its commit. */
  readonly beforeCommit: () => void;
  /** Tells what was committed. */
  readonly tell: (hints: readonly Hint[]) => void;
}

/**
 * Commits changes in groups: those of one turn of the event loop share a transaction and its sync, and are
 * told after it. One that throws is undone alone. A commit that fails is never repeated: nobody knows
 * what it left on the disk.
 */
export class GroupCommit {
  readonly #parts: Parts;
  #queue: Waiting[] = [];
  #isScheduled = false;
  /** Why nothing more is written. The file has to be opened anew. */
  #end: unknown = null;
  /** How many transactions were committed. */
  commits = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Puts a change in line; resolves when its commit is durable. */
  async add<T>(run: (hints: Hint[]) => T, room: Room): Promise<T> {
    if (this.#end !== null) throw this.#end;
    return await new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, room, resolve: resolve as (value: unknown) => void, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      // Not a microtask: those would keep the event loop from everything else while callers go on and on.
      setImmediate(() => this.flush());
    });
  }

  /** Commits what is in line. */
  flush(): void {
    this.#isScheduled = false;
    const group = this.#queue;
    this.#queue = [];
    if (group.length === 0) return;
    const { db, path, makeRoom, beforeCommit, tell } = this.#parts;
    const hints: Hint[] = [];
    let done: readonly Done[];
    try {
      db.exec("BEGIN IMMEDIATE");
      done = group.map((waiting) => this.#run(waiting, hints));
      makeRoom("end");
      beforeCommit();
      db.exec("COMMIT");
    } catch (thrown) {
      if (db.isTransaction) db.exec("ROLLBACK");
      const error = toStoreError(thrown, path);
      if (!isHarmless(thrown)) this.#end = error;
      for (const waiting of group) waiting.reject(error);
      return;
    }
    this.commits++;
    for (const { waiting, outcome } of done) {
      if ("error" in outcome) waiting.reject(outcome.error);
      else waiting.resolve(outcome.value);
    }
    tell(hints);
  }

  /** Runs one change. @throws what has ended the whole transaction */
  #run(waiting: Waiting, hints: Hint[]): Done {
    const { db, path, makeRoom } = this.#parts;
    const own: Hint[] = [];
    makeRoom(waiting.room);
    db.exec("SAVEPOINT change");
    try {
      const value = waiting.run(own);
      db.exec("RELEASE change");
      hints.push(...own);
      return { waiting, outcome: { value } };
    } catch (thrown) {
      // Some failures of the disk make SQLite undo the whole transaction.
      if (!db.isTransaction || isFatal(thrown)) throw thrown;
      db.exec("ROLLBACK TO change; RELEASE change");
      return { waiting, outcome: { error: toStoreError(thrown, path) } };
    }
  }

  /** Commits what is in line, and refuses everything after it. */
  close(): void {
    this.flush();
    this.#end ??= new BridgeError("STORE_CLOSED", {});
  }
}
