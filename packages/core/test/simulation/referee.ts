import type { ClaimRef, Store, Turn } from "@agent-bridge/core";
import { Ledger } from "./ledger.ts";
import { LogRules } from "./log-rules.ts";
import type { SimulatedProcess } from "./process.ts";
import { type Sending, SendRules } from "./send-rules.ts";
import type { Scheduler } from "./scheduler.ts";
import { Violation } from "./violation.ts";

/** One call of the store, with what it gave. */
export interface StoredCall {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly result: unknown;
}

/** One turn of an agent. */
export interface Run {
  readonly number: number;
  readonly taskId: string;
  readonly attempt: number;
  readonly isOver: boolean;
  /** It asks whether it may act. */
  asks(): void;
  /** From here on it acts. */
  begins(): void;
  ends(): void;
}

/** One call of `send`, as its platform tells of it. */
export interface Sent {
  readonly name: string;
  shown(): void;
  /** The sender was told that it was not. */
  refused(): void;
  /** Nobody knows whether it was. */
  interrupted(why: string): void;
}

interface KnownRun {
  readonly number: number;
  readonly taskId: string;
  readonly attempt: number;
  readonly process: SimulatedProcess;
  /** How often its process had been paused when it began. */
  readonly pauses: number;
  /** True when it is told nothing of an earlier attempt. */
  readonly isNew: boolean;
  /** True when another attempt had its task already when it asked whether it may act. */
  isStale: boolean;
  hasBegun: boolean;
  isOver: boolean;
}

const isLive = ({ process, isOver }: KnownRun): boolean => !isOver && !process.isGone;
const wasPaused = ({ process, pauses }: KnownRun): boolean =>
  process.pauses > pauses || process.isPaused;

const idsIn = /\b(?:task|reply|question|notice|conv|dead)_[0-9a-z]{26}\b/g;

/** What is written under a claim. */
const writes: ReadonlySet<string> = new Set([
  "work.append",
  "work.charge",
  "work.suspend",
  "work.release",
  "work.finish",
]);

/** Sees all that happens, and knows what must never be. The first thing that is wrong ends the simulation. */
export class Referee {
  readonly #scheduler: Scheduler;
  readonly #runs = new Map<string, KnownRun[]>();
  /** The first attempt of each task that acted since its last suspension. */
  readonly #begun = new Map<string, number>();
  /** The last attempt of each task that was claimed. */
  readonly #attempts = new Map<string, number>();
  readonly #names = new Map<string, string>();
  readonly ledger: Ledger;
  readonly log: LogRules;
  readonly sends: SendRules;
  #violation: Violation | undefined;
  #runCount = 0;

  constructor(scheduler: Scheduler, shared: Store) {
    this.#scheduler = scheduler;
    this.ledger = new Ledger(shared);
    this.log = new LogRules(shared, this.ledger);
    this.sends = new SendRules();
  }

  get violation(): Violation | undefined {
    return this.#violation;
  }

  /** Notes what is wrong; the first counts. */
  found(error: unknown): void {
    const violation =
      error instanceof Violation
        ? error
        : new Violation(
            "the simulation works",
            String(error instanceof Error ? error.stack : error),
          );
    if (this.#violation !== undefined) return;
    this.#violation = violation;
    this.#scheduler.trace(`- VIOLATION of "${violation.promise}": ${this.named(violation.detail)}`);
  }

  /** Runs a check; what it throws is a violation. */
  check<T>(rule: () => T): T | undefined {
    try {
      return rule();
    } catch (error) {
      this.found(error);
      return undefined;
    }
  }

  /** Short names for ids, in a text. */
  named(text: string): string {
    return text.replaceAll(idsIn, (id) => {
      const known = this.#names.get(id);
      if (known !== undefined) return known;
      const name = `${id.slice(0, id.indexOf("_"))}${this.#names.size + 1}`;
      this.#names.set(id, name);
      return name;
    });
  }

  /** The ids that a call is about, for the trace. */
  names(args: readonly unknown[]): string {
    const found = JSON.stringify(args).match(idsIn) ?? [];
    return found.length === 0 ? "" : ` ${this.named([...new Set(found)].slice(0, 4).join(" "))}`;
  }

  /** True for a write under a claim that is not its task's last one. */
  isStale({ name, args }: Omit<StoredCall, "result">): boolean {
    if (!writes.has(name)) return false;
    const { taskId, attempt } = args[0] as ClaimRef;
    return attempt < (this.#attempts.get(taskId) ?? 0);
  }

  /** A call of the store had its effect. */
  stored(process: SimulatedProcess, call: StoredCall & { isStale: boolean }): void {
    this.check(() => {
      if (call.isStale)
        throw new Violation(
          "a stale attempt writes nothing",
          `${call.name} of attempt ${(call.args[0] as ClaimRef).attempt} of ${(call.args[0] as ClaimRef).taskId}`,
        );
      if (call.name === "work.claim")
        for (const { taskId, attempt } of call.result as readonly ClaimRef[])
          this.#attempts.set(taskId, attempt);
      this.ledger.stored(call);
      this.sends.stored(process, call);
      if (call.name === "work.suspend")
        this.#begun.delete((call.args[0] as { taskId: string }).taskId);
    });
  }

  /** A call of the store failed for its caller. */
  refused(call: { name: string; args: readonly unknown[] }): void {
    this.sends.refused(call);
  }

  /** New events, in the order of the log. */
  async lookAtLog(): Promise<void> {
    try {
      await this.log.look();
    } catch (error) {
      this.found(error);
    }
  }

  sending(process: SimulatedProcess, of: Sending): Sent {
    const attempt = this.check(() => this.sends.begin(process, of));
    const name = this.named(of.key);
    return {
      name,
      shown: () => {
        attempt?.show();
        this.#scheduler.trace(`- ${of.channel} shows ${name}`);
      },
      refused: () => attempt?.refused(),
      interrupted: (why) => attempt?.interrupt(why),
    };
  }

  async acknowledging(channel: string, ids: readonly string[]): Promise<void> {
    try {
      await this.ledger.acknowledging(channel, ids);
    } catch (error) {
      this.found(error);
    }
  }

  runBegins(process: SimulatedProcess, turn: Turn): Run {
    const { taskId, attempt } = turn;
    const number = ++this.#runCount;
    const isNew = turn.answered === null && turn.prompt === this.ledger.promptOf(taskId);
    const run: KnownRun = {
      number,
      taskId,
      attempt,
      process,
      pauses: process.pauses,
      isNew,
      isStale: false,
      hasBegun: false,
      isOver: false,
    };
    const name = this.named(taskId);
    this.#scheduler.trace(
      `${process.name} runs ${name} attempt ${attempt}${turn.answered === null ? "" : " with an answer"}`,
    );
    this.check(() => {
      const others = this.#live(taskId);
      if (others.some((other) => other.attempt === attempt))
        throw new Violation("no attempt runs twice at once", `attempt ${attempt} of ${taskId}`);
    });
    this.#runs.set(taskId, [...this.#live(taskId), run]);
    return {
      number,
      taskId,
      attempt,
      get isOver() {
        return run.isOver;
      },
      asks: () => {
        run.isStale = attempt < (this.#attempts.get(taskId) ?? 0);
      },
      begins: () => this.#runActs(run),
      ends: () => {
        if (!run.isOver && !process.isGone)
          this.#scheduler.trace(`${process.name} ends its turn of ${name}`);
        run.isOver = true;
      },
    };
  }

  #live(taskId: string): KnownRun[] {
    return (this.#runs.get(taskId) ?? []).filter(isLive);
  }

  /** Nobody acts as if nobody had before; two act on one task only where one of them was asleep. */
  #runActs(run: KnownRun): void {
    if (run.process.isGone) return;
    const earlier = this.#begun.get(run.taskId) ?? run.attempt + 1;
    run.hasBegun = true;
    this.#begun.set(run.taskId, Math.min(earlier, run.attempt));
    this.#scheduler.trace(
      `${run.process.name} acts on ${this.named(run.taskId)} attempt ${run.attempt}`,
    );
    this.check(() => {
      if (run.isStale)
        throw new Violation(
          "who does not own a task does not begin",
          `attempt ${run.attempt} of ${run.taskId}`,
        );
      if (earlier <= run.attempt && run.isNew)
        throw new Violation(
          "nothing is run again in silence",
          `${run.taskId} had begun, and attempt ${run.attempt} runs it as new`,
        );
      for (const other of this.#live(run.taskId)) {
        if (other === run || !other.hasBegun || wasPaused(other) || wasPaused(run)) continue;
        throw new Violation(
          "two attempts never act at once",
          `attempts ${other.attempt} on ${other.process.name} and ${run.attempt} on ${run.process.name} of ${run.taskId}`,
        );
      }
    });
  }

  /** What must be true when nothing is left to do. */
  async end(letters: readonly { channel: string; ids: readonly string[] }[]): Promise<void> {
    try {
      await this.log.end();
      await this.ledger.end(letters);
      this.sends.end(this.log.events);
    } catch (error) {
      this.found(error);
    }
  }
}
