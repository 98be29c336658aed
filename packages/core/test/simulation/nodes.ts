import {
  type Bridge,
  createBridge,
  type Handle,
  type RouteInput,
  type Store,
} from "@agent-bridge/core";
import { kinds } from "../fixtures/kinds.ts";
import { agents } from "./agents.ts";
import { faultyStore } from "./faulty-store.ts";
import type { Platform } from "./platform.ts";
import { never, SimulatedProcess } from "./process.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

const routes: readonly RouteInput[] = [
  { kind: "note", from: ["ada"], runner: "thinker", unknownReply: "drop" },
  { kind: "note", from: "*", runner: "worker" },
  { kind: "bot", from: "*", runner: "thinker", recover: "interrupt" },
  { kind: "prompt", from: "*", runner: "worker" },
  { kind: "prompt", from: "*", runner: "thinker" },
];

/** Short enough that all of it happens in a simulated minute or two. */
const limits = {
  concurrency: 3,
  leaseMs: 12_000,
  questionMs: 15_000,
  replyMs: 120_000,
  waitMs: 5000,
  turn: { startMs: 20_000, idleMs: 25_000, totalMs: 90_000, graceMs: 1000 },
} as const;

/** What a bridge is made with, for simulations of wrong ones. */
export interface NodeParts {
  readonly shared: Store;
  readonly platforms: readonly Platform[];
}

/** A machine that runs one process after another. */
export class Node {
  readonly name: string;
  readonly #world: World;
  readonly #parts: NodeParts;
  #boots = 0;
  #bridge: Bridge | undefined;
  #isStarted = false;
  #isStopping = false;
  #isOver = false;
  process: SimulatedProcess | undefined;
  handle: Handle | undefined;
  /** What its processes logged as left behind at a stop. */
  #hasLeft = false;

  constructor(world: World, name: string, parts: NodeParts) {
    this.#world = world;
    this.name = name;
    this.#parts = parts;
  }

  /** True while somebody can ask it. */
  get isUp(): boolean {
    return this.process?.isGone === false && this.#isStarted && !this.#isStopping;
  }

  boot(): void {
    const { scheduler, referee } = this.#world;
    const process = new SimulatedProcess(scheduler, { node: this.name, boot: ++this.#boots });
    this.process = process;
    this.#isStarted = false;
    this.#isStopping = false;
    this.#hasLeft = false;
    scheduler.trace(`${process.name} boots`);
    process.onGone(() => this.#bootLater());
    this.#bridge = this.#bridgeOf(process);
    this.handle = this.#bridge.as({ type: "operator" });
    const start = async (bridge: Bridge): Promise<void> => {
      await bridge.start();
      if (!process.isGone) this.#isStarted = true;
    };
    start(this.#bridge).catch((error: unknown) => {
      if (process.isGone) return;
      scheduler.trace(`${process.name} could not start: ${referee.named(String(error))}`);
      process.end("gives up");
    });
  }

  #bootLater(): void {
    const { dice, scheduler } = this.#world;
    this.#isStarted = false;
    if (this.#isOver) return;
    const ms = dice.chance(0.7) ? dice.between(100, 3000) : dice.between(3000, 30_000);
    scheduler.after(ms, { owner: null, label: `${this.name} comes up`, run: () => this.boot() });
  }

  #bridgeOf(process: SimulatedProcess): Bridge {
    const { dice, weather, scheduler } = this.#world;
    const { runners, kill } = agents(this.#world, process);
    const logged = (message: string, data?: unknown): void => {
      if (process.isGone) return;
      if (message.startsWith("Something did not end")) this.#hasLeft = true;
      scheduler.trace(
        `${process.name} ! ${this.#world.referee.named(`${message} ${JSON.stringify(data ?? {})}`)}`,
      );
    };
    return createBridge({
      store: faultyStore(this.#world, process, this.#parts.shared),
      node: this.name,
      kinds,
      routes,
      runners,
      channels: this.#parts.platforms.map((platform) => platform.channelFor(process)),
      limits,
      clock: process.clock,
      random: { bytes: (count) => dice.bytes(count) },
      logger: { debug: () => undefined, info: () => undefined, warn: logged, error: logged },
      sweeper: {
        sweep: async ({ only }) => await Promise.resolve({ ended: kill(only), survivors: [] }),
      },
      failpoint: async (name) => {
        if (process.isGone) return await never();
        if (!dice.chance(weather.rate("failpoint", name === "turn.event" ? 0.006 : 0.025))) return;
        this.#world.crash(process, `crashes at ${name}`);
        return await never();
      },
    });
  }

  /** A planned stop, after which nothing may be left. */
  async stop(): Promise<void> {
    const { process } = this;
    const { referee, scheduler } = this.#world;
    if (process === undefined || process.isGone || this.#isStopping) return;
    this.#isStopping = true;
    scheduler.trace(`${process.name} is asked to stop`);
    await this.#bridge?.stop();
    if (process.isGone) return;
    for (const guest of process.guests) guest.abort();
    if (!this.#hasLeft)
      referee.check(() => {
        if (process.timers > 0 || process.watches > 0)
          throw new Violation(
            "a stop leaves nothing behind",
            `${process.name} has ${process.timers} timers and ${process.watches} watches`,
          );
      });
    process.end("has stopped");
  }

  /** The last stop: it does not come up again. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.stop();
  }
}
