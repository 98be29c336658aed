import type { BridgeEvent, Json, OutboxItem } from "@agent-bridge/core";
import type { SimulatedProcess } from "./process.ts";
import { Violation } from "./violation.ts";

/** What is sent. */
export interface Sending {
  readonly channel: string;
  readonly key: string;
  readonly destination: Json;
  readonly text: string;
  readonly deduplicates: boolean;
}

/** One call of `send`. */
export class SendAttempt {
  readonly of: Sending;
  readonly process: SimulatedProcess;
  readonly #pauses: number;
  #why: string | null = null;
  #isNoted = false;
  #isNoteLost = false;
  #isRefused = false;
  isShown = false;

  constructor(of: Sending, process: SimulatedProcess) {
    this.of = of;
    this.process = process;
    this.#pauses = process.pauses;
  }

  show(): void {
    this.isShown = true;
  }

  interrupt(why: string): void {
    if (!this.#isNoted) this.#why ??= why;
  }

  /** What became of it could not be stored; until it is. */
  notNoted(): void {
    this.#isNoteLost = true;
  }

  /** Its sender knows that it was not carried out. */
  refused(): void {
    this.#isRefused = true;
  }

  /** What became of it is stored: what happens to its process from here on is no matter. */
  noted(): void {
    this.#isNoteLost = false;
    this.#why = this.interruption;
    this.#isNoted = true;
  }

  /** Why it may be repeated; null when nothing came between. */
  get interruption(): string | null {
    if (this.#isRefused) return null;
    if (this.#isNoted || this.#why !== null) return this.#why;
    if (this.#isNoteLost) return "what became of it could not be noted";
    if (this.process.isGone) return "its process is gone";
    return this.process.pauses > this.#pauses ? "its process was asleep" : null;
  }
}

const notes: ReadonlySet<string> = new Set(["outbox.delivered", "outbox.postpone", "outbox.dead"]);

/** Replies are effectively once: repeats only where `sending` was interrupted. */
export class SendRules {
  readonly #items = new Map<string, OutboxItem>();
  /** In the order in which they were first sent. */
  readonly #attempts = new Map<string, SendAttempt[]>();

  /** A call of the store had its effect. */
  stored(
    process: SimulatedProcess,
    call: { name: string; args: readonly unknown[]; result: unknown },
  ): void {
    const { name, args, result } = call;
    if (name === "outbox.due")
      for (const item of result as readonly OutboxItem[]) this.#items.set(item.id, item);
    if (notes.has(name))
      for (const attempt of this.#attempts.get(args[0] as string) ?? [])
        if (attempt.process === process) attempt.noted();
  }

  /** A call of the store was refused. */
  refused({ name, args }: { name: string; args: readonly unknown[] }): void {
    if (notes.has(name))
      for (const attempt of this.#attempts.get(args[0] as string) ?? []) attempt.notNoted();
  }

  begin(process: SimulatedProcess, of: Sending): SendAttempt {
    const earlier = this.#attempts.get(of.key) ?? [];
    const attempt = new SendAttempt(of, process);
    this.#attempts.set(of.key, [...earlier, attempt]);
    const item = this.#items.get(of.key);
    if (item === undefined)
      throw new Violation("a reply keeps its key", `${of.key} is the key of nothing in the outbox`);
    for (const { isShown, interruption } of earlier) {
      if (isShown && interruption === null)
        throw new Violation(
          "replies are effectively once",
          `${of.key} is sent again although it had arrived`,
        );
      if (!of.deduplicates && interruption !== null && item.rules.unknownReply === "drop")
        throw new Violation(
          "unknown replies follow their route",
          `${of.key} is sent again, but ${interruption}`,
        );
    }
    return attempt;
  }

  /** How often a platform that shows repeats had to show one. */
  get repeated(): number {
    let repeats = 0;
    for (const attempts of this.#attempts.values()) {
      const shown = attempts.filter(({ isShown, of }) => isShown && !of.deduplicates).length;
      repeats += Math.max(0, shown - 1);
    }
    return repeats;
  }

  /** How often a send was interrupted that may have arrived. */
  get interrupted(): number {
    return [...this.#attempts.values()].flat().filter(({ interruption }) => interruption !== null)
      .length;
  }

  /** What was delivered was shown, in order; what was shown twice is marked. */
  end(events: readonly BridgeEvent[]): void {
    const ofTask = new Map<string, readonly SendAttempt[]>();
    for (const [id, attempts] of this.#attempts) {
      const item = this.#items.get(id);
      if (item?.type === "reply" && item.taskId !== null) ofTask.set(item.taskId, attempts);
    }
    for (const event of events)
      if (event.type === "reply.delivered") this.#delivered(event, ofTask.get(event.taskId) ?? []);
    this.#inOrder(events, ofTask);
  }

  #delivered(
    event: Extract<BridgeEvent, { type: "reply.delivered" }>,
    attempts: readonly SendAttempt[],
  ): void {
    const { taskId, data } = event;
    const shown = attempts.filter(({ isShown }) => isShown);
    if (shown.length === 0)
      throw new Violation("what is delivered was shown", `the reply of ${taskId} never was`);
    if (shown.length > 1 && shown[0]?.of.deduplicates === false && !data.repeated)
      throw new Violation(
        "a repeat is marked",
        `the reply of ${taskId} was shown ${shown.length} times`,
      );
  }

  /** First in, first out for each destination, as far as nothing came between. */
  #inOrder(
    events: readonly BridgeEvent[],
    ofTask: ReadonlyMap<string, readonly SendAttempt[]>,
  ): void {
    const order = new Map([...this.#attempts.values()].map((attempts, at) => [attempts[0], at]));
    const last = new Map<string, number>();
    for (const { type, taskId } of events) {
      if (type !== "task.completed" && type !== "task.failed") continue;
      const attempts = ofTask.get(taskId) ?? [];
      const [first] = attempts;
      if (first === undefined || attempts.some(({ interruption }) => interruption !== null))
        continue;
      const line = `${first.of.channel} ${JSON.stringify(first.of.destination)}`;
      const at = order.get(first) ?? 0;
      if (at < (last.get(line) ?? -1))
        throw new Violation(
          "first in, first out",
          `the reply of ${taskId} came before an earlier one`,
        );
      last.set(line, at);
    }
  }
}
