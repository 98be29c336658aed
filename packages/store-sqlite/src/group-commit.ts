import type { DatabaseSync } from "node:sqlite";
import { BridgeError, describeError, type Hint, type Room } from "@agent-bridge/core";
import type { Kept } from "./kept.ts";
import type { Space } from "./space.ts";
import { isBusy, isFull, isOfOneChange, toStoreError } from "./sqlite-errors.ts";

/** A change that waits for its commit. */
interface Waiting {
  readonly run: (hints: Hint[]) => unknown;
  readonly room: Room;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

interface Parts {
  readonly db: DatabaseSync;
  readonly path: string;
  readonly space: Space;
  readonly kept: Kept;
  /** Called in every transaction, before its commit. */
  readonly beforeCommit: () => void;
  readonly tell: (hints: readonly Hint[]) => void;
}

/** The statements that frame changes. */
function frames(db: DatabaseSync) {
  const run = (sql: string): (() => void) => {
    const statement = db.prepare(sql);
    return () => void statement.run();
  };
  const version = db.prepare("PRAGMA data_version");
  return {
    begin: run("BEGIN IMMEDIATE"),
    commit: run("COMMIT"),
    rollback: run("ROLLBACK"),
    mark: run("SAVEPOINT change"),
    keep: run("RELEASE change"),
    undo: run("ROLLBACK TO change"),
    /** Changes whenever another connection has written. */
    version: () => version.get()?.["data_version"],
  };
}

/**
 * Commits changes in groups: those of one turn of the event loop share a transaction and its sync, and are
 * told after it. One that throws is undone alone. A change may be run more than once until it is committed.
 */
export class GroupCommit {
  readonly #parts: Parts;
  readonly #frames: ReturnType<typeof frames>;
  #queue: Waiting[] = [];
  #isScheduled = false;
  #version: unknown;
  /** Why nothing is written any more; set once, never lifted: the file is opened again by a new store. */
  #end: unknown = null;
  /** How many transactions were committed. */
  commits = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#frames = frames(parts.db);
    this.#version = this.#frames.version();
  }

  /** Puts a change in line; resolves when its commit is durable. */
  async add<T>(run: (hints: Hint[]) => T, room: Room): Promise<T> {
    if (this.#end !== null) throw this.#end;
    return await new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, room, resolve: resolve as (value: unknown) => void, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      // Not a microtask: those would keep the event loop from everything else while callers go on and on.
      setImmediate(() => this.#flush());
    });
  }

  /** Commits what is in line, and refuses everything after it. */
  close(): void {
    this.#flush();
    this.#end ??= new BridgeError("STORE_CLOSED", {});
  }

  #flush(): void {
    this.#isScheduled = false;
    const line = this.#queue;
    this.#queue = [];
    const group = line.some(({ room }) => room === "new") ? this.#admitted(line) : line;
    if (group.length === 0) return;
    const hints: Hint[] = [];
    this.#commitOr(group, hints, () => this.#commitWhatFits(group, hints));
    // Last of all: whoever is told may close the store.
    this.#parts.tell(hints);
  }

  /** Commits a group; where it finds no room, something else is done with it. */
  #commitOr(group: readonly Waiting[], hints: Hint[], ifFull: () => void): void {
    try {
      this.#commit(group, hints);
    } catch (error) {
      if (isFull(error)) ifFull();
      else this.#refuse(group, error);
    }
  }

  /** There was no room for a group as a whole: it is tried without new work, then each has its own answer. */
  #commitWhatFits(group: readonly Waiting[], hints: Hint[]): void {
    const alone = (some: readonly Waiting[]): void => {
      for (const waiting of some) this.#commitAlone(waiting, hints);
    };
    const underWay = group.filter(({ room }) => room !== "new");
    if (underWay.length === group.length) return alone(group);
    if (underWay.length > 0) this.#commitOr(underWay, hints, () => alone(underWay));
    alone(group.filter(({ room }) => room === "new"));
  }

  /** The line without new work where there is no room for it. */
  #admitted(line: readonly Waiting[]): readonly Waiting[] {
    const { space, path } = this.#parts;
    let refusal: unknown;
    try {
      if (space.hasRoom()) return line;
      refusal = new BridgeError("STORE_FULL", { detail: "the disk is full" });
    } catch (error) {
      refusal = toStoreError(error, path);
    }
    for (const { room, reject } of line) if (room === "new") reject(refusal);
    return line.filter(({ room }) => room !== "new");
  }

  #commitAlone(waiting: Waiting, hints: Hint[]): void {
    try {
      this.#commit([waiting], hints);
    } catch (error) {
      if (isFull(error) && this.#giveBack(waiting.room)) this.#commitAlone(waiting, hints);
      else this.#refuse([waiting], error);
    }
  }

  #giveBack(room: Room): boolean {
    try {
      return this.#parts.space.giveBack(room);
    } catch (error) {
      // The change is refused for the full disk that it met; this says why there is no more room.
      process.emitWarning(describeError(error));
      return false;
    }
  }

  /** All of a group in one transaction. @throws what SQLite throws; nothing is changed then, and nobody answered */
  #commit(group: readonly Waiting[], hints: Hint[]): void {
    try {
      this.#transact(group, hints, (waiting, own) => this.#run(waiting, own));
    } catch (error) {
      if (!this.#isRefusal(error)) throw error;
      // Few changes are refused. Only a group that holds one is run again, with savepoints.
      this.#transact(group, hints, (waiting, own) => this.#runApart(waiting, own));
    }
  }

  #transact(
    group: readonly Waiting[],
    hints: Hint[],
    run: (waiting: Waiting, hints: Hint[]) => () => void,
  ): void {
    if (this.#end !== null) throw this.#end;
    const { db, kept, space, beforeCommit } = this.#parts;
    const own: Hint[] = [];
    let answers: (() => void)[];
    try {
      this.#frames.begin();
      this.#checkVersion();
      answers = group.map((waiting) => run(waiting, own));
      space.enter("end");
      kept.settle();
      beforeCommit();
      this.#frames.commit();
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (db.isTransaction) this.#frames.rollback();
      kept.forget();
      throw error;
    }
    this.commits++;
    for (const answer of answers) answer();
    for (const hint of own) hints.push(hint);
  }

  /** One process owns the file. Should another write to it all the same, nothing stale is built upon. */
  #checkVersion(): void {
    const version = this.#frames.version();
    if (version === this.#version) return;
    this.#version = version;
    this.#parts.kept.forget();
  }

  /** True for an error that is of one change, and says nothing of the transaction around it. */
  #isRefusal(error: unknown): boolean {
    return isOfOneChange(error) || toStoreError(error, this.#parts.path) === error;
  }

  /** @returns what answers the caller once the group is committed */
  #run(waiting: Waiting, hints: Hint[]): () => void {
    this.#parts.space.enter(waiting.room);
    const value = waiting.run(hints);
    return () => waiting.resolve(value);
  }

  /** The same in a savepoint: a change that throws is undone, and its caller told so. */
  #runApart(waiting: Waiting, hints: Hint[]): () => void {
    const { kept, path } = this.#parts;
    const own: Hint[] = [];
    this.#frames.mark();
    try {
      const answer = this.#run(waiting, own);
      kept.settle();
      this.#frames.keep();
      for (const hint of own) hints.push(hint);
      return answer;
    } catch (error) {
      if (!this.#isRefusal(error)) throw error;
      this.#frames.undo();
      this.#frames.keep();
      kept.forget();
      return () => waiting.reject(toStoreError(error, path));
    }
  }

  #refuse(group: readonly Waiting[], error: unknown): void {
    const told = toStoreError(error, this.#parts.path);
    // After anything else nobody knows what the file holds (a failed sync is never tried again): no more is written.
    if (!isFull(error) && !isBusy(error)) this.#end ??= told;
    for (const waiting of group) waiting.reject(told);
  }
}
