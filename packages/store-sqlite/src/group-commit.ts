import type { DatabaseSync } from "node:sqlite";
import { BridgeError, type Hint } from "@agent-bridge/core";
import { isFull, toStoreError } from "./sqlite-errors.ts";

/** Pages kept for what is under way, when the size of the file is limited: ends, cancels, replies. */
export const reservedPages = 256;

/** How large the file may become. */
export interface PageLimit {
  readonly maxPages: number;
}

/** A change that waits for its commit. */
interface Waiting {
  readonly run: (hints: Hint[]) => unknown;
  /** True for changes that take on new work: they leave the reserve alone. */
  readonly isNewWork: boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

type Done = { readonly waiting: Waiting } & (
  | { readonly value: unknown }
  | { readonly error: unknown }
);

/**
 * Commits changes in groups: those of one turn of the event loop share a transaction and its sync, and are
 * told after it. One that throws is undone alone.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #limit: PageLimit | null;
  readonly #tell: (hints: readonly Hint[]) => void;
  #queue: Waiting[] = [];
  #isScheduled = false;
  /** What made the file unusable; set once, never lifted: the file is opened again by a new store. */
  #broken: unknown = null;
  /** How many transactions were committed. */
  commits = 0;

  constructor(parts: {
    db: DatabaseSync;
    path: string;
    limit: PageLimit | null;
    tell: (hints: readonly Hint[]) => void;
  }) {
    this.#db = parts.db;
    this.#path = parts.path;
    this.#limit = parts.limit;
    this.#tell = parts.tell;
  }

  /** Puts a change in line; resolves when its commit is durable. */
  async add<T>(run: (hints: Hint[]) => T, isNewWork: boolean): Promise<T> {
    if (this.#broken !== null) throw this.#broken;
    return await new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, isNewWork, resolve: resolve as (value: unknown) => void, reject });
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
    try {
      this.#commit(group);
    } catch (error) {
      // There was no room for the group as a whole: each has its own chance, and its own answer.
      if (isFull(error) && group.length > 1)
        for (const waiting of group) this.#commitAlone(waiting);
      else this.#refuse(group, error);
    }
  }

  #commitAlone(waiting: Waiting): void {
    try {
      this.#commit([waiting]);
    } catch (error) {
      this.#refuse([waiting], error);
    }
  }

  /** All of a group in one transaction. @throws what SQLite throws; nothing is changed then */
  #commit(group: readonly Waiting[]): void {
    const hints: Hint[] = [];
    const done: Done[] = [];
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      for (const waiting of group) done.push(this.#run(waiting, hints));
      this.#db.exec("COMMIT");
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
    this.commits++;
    for (const item of done) {
      if ("error" in item) item.waiting.reject(item.error);
      else item.waiting.resolve(item.value);
    }
    this.#tell(hints);
  }

  #run(waiting: Waiting, hints: Hint[]): Done {
    this.#limitPages(waiting.isNewWork);
    const own: Hint[] = [];
    this.#db.exec("SAVEPOINT change");
    try {
      const value = waiting.run(own);
      this.#db.exec("RELEASE change");
      hints.push(...own);
      return { waiting, value };
    } catch (error) {
      if (toStoreError(error, this.#path) !== error) throw error;
      this.#db.exec("ROLLBACK TO change; RELEASE change");
      return { waiting, error };
    }
  }

  #limitPages(isNewWork: boolean): void {
    if (this.#limit === null) return;
    const pages = Math.max(1, this.#limit.maxPages - (isNewWork ? reservedPages : 0));
    this.#db.exec(`PRAGMA max_page_count = ${pages}`);
  }

  #refuse(group: readonly Waiting[], error: unknown): void {
    const told = toStoreError(error, this.#path);
    // After anything but a full disk nobody knows what the file holds: it is not written again.
    if (!isFull(error)) this.#broken = told;
    for (const waiting of group) waiting.reject(told);
  }

  /** Commits what is in line, and refuses everything after it. */
  close(): void {
    this.flush();
    this.#broken ??= new BridgeError("STORE_CLOSED", {});
  }
}
