import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import type { Dice } from "./dice.ts";

/** A process of the simulation, as its steps know it. */
export interface StepOwner {
  readonly name: string;
  readonly isPaused: boolean;
}

/** Something that will happen: a timer, an answer on its way, a thing that somebody does. */
interface Step {
  /** Null: it happens whatever becomes of the processes. */
  readonly owner: StepOwner | null;
  readonly at: number;
  readonly label: string;
  readonly run: () => void;
}

export interface StepRequest {
  readonly owner: StepOwner | null;
  readonly label: string;
  readonly run: () => void;
}

/** Timers may come late by so much: what is due about now comes in any order. */
const latestMs = 25;
/** So many lines of a trace are kept. */
const keptLines = 4000;

/** Time, and the order in which things happen. Everything that waits for anything waits here. */
export class Scheduler {
  readonly dice: Dice;
  readonly #steps = new Set<Step>();
  readonly #hash = createHash("sha256");
  readonly lines: string[] = [];
  #time: number;
  #count = 0;

  constructor(dice: Dice, startAt: number) {
    this.dice = dice;
    this.#time = startAt;
  }

  get time(): number {
    return this.#time;
  }

  /** How many steps were taken. */
  get count(): number {
    return this.#count;
  }

  after(ms: number, { owner, label, run }: StepRequest): { stop(): void } {
    const step = { owner, at: this.#time + Math.max(0, ms), label, run };
    this.#steps.add(step);
    return { stop: () => void this.#steps.delete(step) };
  }

  /** What a process was waiting for comes no more. */
  drop(owner: StepOwner): void {
    for (const step of this.#steps) if (step.owner === owner) this.#steps.delete(step);
  }

  /** What a process waits for. */
  waitingOf(owner: StepOwner): readonly string[] {
    return [...this.#steps].filter((step) => step.owner === owner).map(({ label }) => label);
  }

  trace(line: string): void {
    const whole = `${this.#time} ${line}`;
    this.#hash.update(`${whole}\n`);
    this.lines.push(whole);
    if (this.lines.length > 2 * keptLines) this.lines.splice(0, keptLines);
  }

  /** The hash of all lines so far. */
  get traceHash(): string {
    return this.#hash.copy().digest("hex");
  }

  /**
   * Takes one step, and all that follows from it at once. Engine and store work in microtasks alone, which are
   * over when the event loop has turned once.
   *
   * @returns false when nothing is left to happen
   */
  async step(): Promise<boolean> {
    const next = this.#pick();
    if (next === undefined) return false;
    this.#steps.delete(next);
    this.#time = Math.max(this.#time, next.at);
    this.#count++;
    if (next.label !== "") this.trace(`${next.owner?.name ?? "-"} ${next.label}`);
    next.run();
    await turn();
    return true;
  }

  #pick(): Step | undefined {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { owner, at } of this.#steps)
      if (at < earliest && owner?.isPaused !== true) earliest = at;
    if (earliest === Number.POSITIVE_INFINITY) return undefined;
    const isLoose = this.dice.chance(0.3);
    const until = Math.max(this.#time, earliest) + (isLoose ? this.dice.between(0, latestMs) : 0);
    const ready: Step[] = [];
    for (const step of this.#steps)
      if (step.at <= until && step.owner?.isPaused !== true) ready.push(step);
    return ready.length === 1 ? ready[0] : this.dice.pick(ready);
  }
}
