import { type BridgeEvent, isTerminal, type Store } from "@agent-bridge/core";
import type { Ledger } from "./ledger.ts";
import { Violation } from "./violation.ts";

const scope = { all: true } as const;

/** What is known of a task from its events. */
interface Known {
  seq: number;
  attempt: number;
  isCancelled: boolean;
  isEnded: boolean;
}

/** What the log must be at every moment. */
export class LogRules {
  readonly #shared: Store;
  readonly #ledger: Ledger;
  readonly #tasks = new Map<string, Known>();
  readonly events: BridgeEvent[] = [];
  #isChanged = true;
  #after: string | null = null;

  constructor(shared: Store, ledger: Ledger) {
    this.#shared = shared;
    this.#ledger = ledger;
    shared.log.watch(() => {
      this.#isChanged = true;
    });
  }

  /** Reads what is new and looks at each event. */
  async look(): Promise<void> {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    for (let atHead = false; !atHead;) {
      const page = await this.#shared.log.read({ scope, after: this.#after, limit: 1000 });
      for (const event of page.events) this.#add(event);
      this.#after = page.next;
      atHead = page.atHead;
    }
  }

  #add(event: BridgeEvent): void {
    const { taskId, seq, type } = event;
    this.events.push(event);
    const known = this.#tasks.get(taskId) ?? {
      seq: 0,
      attempt: 0,
      isCancelled: false,
      isEnded: false,
    };
    this.#tasks.set(taskId, known);
    if (seq !== known.seq + 1)
      throw new Violation(
        "seq counts without gaps",
        `${taskId}: ${type} is ${seq} after ${known.seq}`,
      );
    known.seq = seq;
    if (known.isEnded && !type.startsWith("reply."))
      throw new Violation("after the end only reply.* follows", `${taskId}: ${type} after its end`);
    if (event.type === "task.started") this.#started(event, known);
    if (type === "task.cancel_requested") known.isCancelled = true;
    if (!isTerminal(event)) return;
    known.isEnded = true;
    const isAsCancelled = event.type === "task.failed" && event.data.code === "cancelled";
    if (known.isCancelled && !isAsCancelled)
      throw new Violation("a cancelled task never completes", `${taskId} ended as ${type}`);
  }

  #started(event: Extract<BridgeEvent, { type: "task.started" }>, known: Known): void {
    const { taskId, data } = event;
    if (data.attempt !== known.attempt + 1)
      throw new Violation(
        "attempts rise by one",
        `${taskId}: ${data.attempt} after ${known.attempt}`,
      );
    known.attempt = data.attempt;
    for (const earlier of this.#ledger.before(taskId))
      if (this.#tasks.get(earlier)?.isEnded !== true)
        throw new Violation("lanes are in order", `${taskId} begins while ${earlier} is open`);
  }

  /** How many tasks ended how. */
  get endings(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const event of this.events) {
      if (!isTerminal(event)) continue;
      const how = event.type === "task.failed" ? event.data.code : "completed";
      counts[how] = (counts[how] ?? 0) + 1;
    }
    return counts;
  }

  hasEnded(taskId: string): boolean {
    return this.#tasks.get(taskId)?.isEnded === true;
  }

  /** The log is the same, read again from its beginning, from any cursor, and task by task. */
  async end(): Promise<void> {
    await this.look();
    const places = [
      null,
      ...[0.2, 0.5, 0.8].map(
        (part) => this.events[Math.floor(part * this.events.length)]?.cursor ?? null,
      ),
    ];
    for (const after of places) {
      const from = after === null ? 0 : this.events.findIndex(({ cursor }) => cursor === after) + 1;
      this.#same(`after ${String(after)}`, await this.#readAll({ after }), this.events.slice(from));
    }
    const byTask = Map.groupBy(this.events, ({ taskId }) => taskId);
    for (const [taskId, events] of byTask)
      this.#same(taskId, await this.#readAll({ after: null, taskId }), events);
  }

  async #readAll(of: { after: string | null; taskId?: string }): Promise<readonly BridgeEvent[]> {
    const events: BridgeEvent[] = [];
    for (let { after } = of; ;) {
      const page = await this.#shared.log.read({ ...of, scope, after, limit: 700 });
      events.push(...page.events);
      if (page.atHead) return events;
      after = page.next;
    }
  }

  #same(what: string, read: readonly BridgeEvent[], expected: readonly BridgeEvent[]): void {
    this.sameAs(
      what,
      read.map(({ cursor }) => cursor),
      expected.map(({ cursor }) => cursor),
    );
  }

  /** What a reader saw is what stands there. */
  sameAs(what: string, read: readonly string[], expected: readonly string[]): void {
    const at = expected.findIndex((cursor, index) => read[index] !== cursor);
    if (at === -1 && read.length === expected.length) return;
    throw new Violation(
      "every reader sees the same log",
      `${what}: ${read.length} events instead of ${expected.length}, different at ${at}`,
    );
  }
}
