import { memoryStore, type Store } from "@agent-bridge/core";
import { Clients } from "./clients.ts";
import { dice as diceOf } from "./dice.ts";
import { Node } from "./nodes.ts";
import { platform, type Platform } from "./platform.ts";
import { Referee } from "./referee.ts";
import { Scheduler } from "./scheduler.ts";
import { Violation } from "./violation.ts";
import { type Fault, weatherOf } from "./weather.ts";
import type { World } from "./world.ts";

/** What to play. The same plan plays the same. */
export interface Plan {
  readonly seed: number;
  /** How much is done to the bridges; default: as the seed says. */
  readonly actions?: number;
  /** What does not go wrong. */
  readonly without?: readonly Fault[];
  /** Puts something wrong in the place of the right one, to see that it is found. */
  readonly wrong?: Wrong;
}

/** A deliberately wrong part. */
export interface Wrong {
  readonly store?: (store: Store) => Store;
  readonly platform?: (platform: Platform) => Platform;
}

/** What came of it. */
export interface Played {
  readonly plan: Plan;
  readonly violation: { readonly promise: string; readonly detail: string } | null;
  readonly traceHash: string;
  readonly lines: readonly string[];
  readonly counts: {
    readonly steps: number;
    readonly simulatedMs: number;
    readonly events: number;
    readonly tasks: number;
    readonly crashes: number;
    readonly interruptedSends: number;
    readonly repeatedReplies: number;
  };
  /** What messages were taken as, and how tasks ended: how often. */
  readonly outcomes: Readonly<Record<string, number>>;
}

const startAt = Date.UTC(2030, 0, 1);
/** How long everything may take until it is quiet, once nothing goes wrong any more. */
const drainMs = 20 * 60_000;
/** A simulation that takes more steps goes round in a circle. */
const mostSteps = 150_000;

/** One play, from the first message to the last stop. */
class Play {
  readonly #plan: Plan;
  readonly #world: World;
  readonly #scheduler: Scheduler;
  readonly #shared: Store;
  readonly #nodes: readonly Node[];
  readonly #platforms: readonly Platform[];
  readonly #clients: Clients;
  #crashes = 0;
  #actionsLeft: number;

  constructor(plan: Plan) {
    this.#plan = plan;
    const { seed, without = [], wrong = {} } = plan;
    const dice = diceOf(seed);
    const weather = weatherOf(dice, new Set(without));
    const scheduler = new Scheduler(dice, startAt);
    const clock = {
      now: () => scheduler.time,
      steady: () => scheduler.time,
      sleep: () => Promise.reject(new TypeError("The store does not sleep.")),
      timer: () => ({ stop: () => undefined }),
    };
    const shared = memoryStore({ clock, random: { bytes: (count) => dice.bytes(count) } });
    const referee = new Referee(scheduler, shared);
    const crash: World["crash"] = (process, where) => {
      this.#crashes++;
      process.end(where);
    };
    const pause: World["pause"] = (process) => this.#pause(process);
    const world = { dice, scheduler, weather, referee, crash, pause };
    const mayBeWrong = wrong.platform ?? ((made) => made);
    this.#world = world;
    this.#scheduler = scheduler;
    this.#shared = shared;
    this.#platforms = [
      mayBeWrong(platform(world, { name: "log", inbox: "log", deduplicates: false })),
      mayBeWrong(platform(world, { name: "queue", inbox: "queue", deduplicates: true })),
    ];
    const parts = { shared: wrong.store?.(shared) ?? shared, platforms: this.#platforms };
    const count = dice.between(1, 3);
    this.#nodes = ["one", "two", "three"]
      .slice(0, count)
      .map((name) => new Node(world, name, parts));
    this.#clients = new Clients(world, { nodes: this.#nodes, platforms: this.#platforms });
    const thrown = dice.between(15, 50);
    this.#actionsLeft = Math.min(plan.actions ?? thrown, thrown);
    const strengths = Object.entries(weather.strengths).filter(([, strength]) => strength > 0);
    scheduler.trace(`- ${count} nodes; ${strengths.map((pair) => pair.join(" ")).join(", ")}`);
  }

  async run(): Promise<Played> {
    for (const node of this.#nodes) node.boot();
    this.#storm();
    const { referee } = this.#world;
    await this.#until(() => this.#actionsLeft === 0);
    this.#calm();
    await this.#drain();
    if (referee.violation === undefined) {
      this.#clients.end(referee.log.events);
      await this.#close();
      const letters = this.#platforms.map((one) => ({
        channel: one.name,
        ids: one.letters.map(({ id }) => id),
      }));
      await referee.end(letters);
    }
    for (const { process } of this.#nodes) process?.end("is over");
    return this.#played();
  }

  #played(): Played {
    const { referee } = this.#world;
    const { violation } = referee;
    return {
      plan: this.#plan,
      violation:
        violation === undefined
          ? null
          : { promise: violation.promise, detail: referee.named(violation.detail) },
      traceHash: this.#scheduler.traceHash,
      lines: this.#scheduler.lines,
      counts: {
        steps: this.#scheduler.count,
        simulatedMs: this.#scheduler.time - startAt,
        events: referee.log.events.length,
        tasks: referee.ledger.tasks.length,
        crashes: this.#crashes,
        interruptedSends: referee.sends.interrupted,
        repeatedReplies: referee.sends.repeated,
      },
      outcomes: { ...referee.ledger.results, ...referee.log.endings },
    };
  }

  /** Takes steps until something is true, or something is wrong. */
  async #until(isDone: () => boolean | Promise<boolean>): Promise<void> {
    const { referee } = this.#world;
    while (referee.violation === undefined && !(await isDone())) {
      if (this.#scheduler.count > mostSteps)
        return referee.found(new Violation("it comes to an end", `not in ${mostSteps} steps`));
      if (!(await this.#scheduler.step()))
        return referee.found(new Violation("it comes to an end", "nothing happens any more"));
      await referee.lookAtLog();
    }
  }

  /** Somebody does something, or something goes wrong; then again. */
  #storm(): void {
    const { dice } = this.#world;
    const ms = dice.chance(0.5) ? dice.between(1, 60) : dice.between(60, 2500);
    const run = (): void => {
      this.#clients.act();
      this.#disturb();
      this.#actionsLeft--;
      if (this.#actionsLeft > 0) this.#storm();
    };
    this.#scheduler.after(ms, { owner: null, label: "", run });
  }

  /** What comes from outside: pauses, stops, jumps of the wall clock. */
  #disturb(): void {
    const { dice, weather, referee } = this.#world;
    const node = dice.pick(this.#nodes);
    const { process, isUp } = node;
    if (process === undefined || process.isGone) return;
    if (dice.chance(weather.rate("pause", 0.05))) return this.#pause(process);
    if (dice.chance(weather.rate("crash", 0.01))) return this.#world.crash(process, "is killed");
    if (dice.chance(weather.rate("clockJump", 0.05))) {
      const hours = dice.between(-30, 30);
      this.#scheduler.trace(`${process.name} has its wall clock moved by ${hours} h`);
      process.wallOffsetMs += hours * 3_600_000;
    }
    if (!isUp || process.isPaused || !dice.chance(weather.rate("stop", 0.03))) return;
    node.stop().catch((error: unknown) => referee.found(error));
  }

  #pause(process: NonNullable<Node["process"]>): void {
    const { dice } = this.#world;
    if (process.isPaused || process.isGone) return;
    const ms = dice.chance(0.5) ? dice.between(200, 8000) : dice.between(8000, 45_000);
    process.isPaused = true;
    process.pauses++;
    this.#scheduler.trace(`${process.name} is paused for ${ms} ms`);
    const run = (): void => {
      process.isPaused = false;
    };
    this.#scheduler.after(ms, { owner: null, label: `${process.name} goes on`, run });
  }

  /** From here on nothing goes wrong any more. */
  #calm(): void {
    this.#world.weather.clear();
    this.#scheduler.trace("- nothing goes wrong any more");
  }

  /** Waits until everything that was begun has come to its end. */
  async #drain(): Promise<void> {
    const until = this.#scheduler.time + drainMs;
    let looks = 0;
    await this.#until(async () => {
      if (looks++ % 16 !== 0) return false;
      const left = await this.#left();
      if (left === null) return true;
      if (this.#scheduler.time > until) throw new Violation("everything comes to its end", left);
      return false;
    }).catch((error: unknown) => this.#world.referee.found(error));
  }

  /** What is not done yet; null when all is. */
  async #left(): Promise<string | null> {
    const { ledger, log } = this.#world.referee;
    const down = this.#nodes.find(({ isUp, process }) => !isUp || process?.isPaused !== false);
    if (down !== undefined) return `${down.name} is not up`;
    const open = ledger.tasks.find((taskId) => !log.hasEnded(taskId));
    if (open !== undefined) return `${open} is open`;
    for (const { name, unacknowledged } of this.#platforms)
      if (unacknowledged > 0) return `${unacknowledged} messages of ${name} are not acknowledged`;
    const { outbox, openQuestions } = await this.#shared.queries.stats();
    if (outbox > 0) return `${outbox} replies wait`;
    if (openQuestions > 0) return `${openQuestions} questions are open`;
    if (this.#clients.isWaiting) return "a client waits for its answer";
    return this.#clients.haveAllRead ? null : "a reader has not read everything";
  }

  /** Stops every bridge. Nothing is left behind, and nothing is held any more. */
  async #close(): Promise<void> {
    const { referee } = this.#world;
    this.#clients.leave();
    let isClosed = false;
    const close = async (): Promise<void> => {
      await Promise.all(this.#nodes.map(async (node) => await node.close()));
      isClosed = true;
    };
    close().catch((error: unknown) => referee.found(error));
    await this.#until(() => isClosed);
    const worker = { node: "nobody", boot: "none" };
    if (!(await this.#shared.leases.acquire("retention", worker, 1)))
      referee.found(
        new Violation("a stop leaves nothing behind", "the lease of the sweeps is held"),
      );
  }
}

/** Plays a plan. Uses no real time and no other chance than the seed. */
export async function simulate(plan: Plan): Promise<Played> {
  return await new Play(plan).run();
}
