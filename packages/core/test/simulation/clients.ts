import {
  type BridgeEvent,
  type Handle,
  isBridgeError,
  type StartRequest,
} from "@agent-bridge/core";
import { Violation } from "./violation.ts";
import type { Node } from "./nodes.ts";
import type { Platform } from "./platform.ts";
import type { SimulatedProcess } from "./process.ts";
import type { World } from "./world.ts";

/** Codes that a caller is told of, and that need no more. */
const expected = [
  "STORE_FAILED",
  "TASK_NOT_FOUND",
  "QUESTION_NOT_FOUND",
  "QUESTION_CLOSED",
  "QUOTA_EXCEEDED",
  "NOT_ALLOWED",
] as const;

const people = ["ada", "bob", "cyd"] as const;

/** A reader of the log, over the ends of the processes that it reads by. */
interface Reader {
  readonly taskId: string | null;
  readonly cursors: string[];
  /** True when it saw the end of its task. */
  isDone: boolean;
}

/** People, agents and programs that use the bridges. */
export class Clients {
  readonly #world: World;
  readonly #nodes: readonly Node[];
  readonly #platforms: readonly Platform[];
  readonly #readers: Reader[] = [];
  /** The task of each key that a start was answered for. */
  readonly #tasksOfKey = new Map<string, string>();
  readonly #requests: StartRequest[] = [];
  #letters = 0;
  #haveLeft = false;
  readonly #calls = new Set<{ readonly process: SimulatedProcess }>();

  constructor(world: World, of: { nodes: readonly Node[]; platforms: readonly Platform[] }) {
    this.#world = world;
    this.#nodes = of.nodes;
    this.#platforms = of.platforms;
  }

  /** Somebody does something. */
  act(): void {
    const { dice } = this.#world;
    const thrown = dice.next();
    if (thrown < 0.5) return this.#write();
    if (thrown < 0.68) return this.#start();
    if (thrown < 0.8)
      return this.#withTask(
        "cancels",
        async (handle, taskId) => void (await handle.cancel(taskId)),
      );
    if (thrown < 0.88) return this.#answer();
    if (thrown < 0.93) return this.#resume();
    this.#read(dice.chance(0.4) ? null : this.#anyTask());
  }

  #write(): void {
    const { dice, scheduler } = this.#world;
    const platform = dice.pick(this.#platforms);
    const id = `m${++this.#letters}`;
    const from = dice.pick(people);
    const isAgent = dice.chance(0.25);
    const text = this.#text(dice.next());
    const payload = isAgent ? { from, text } : { from, room: dice.pick(people), text };
    const isBroken = dice.chance(0.04);
    scheduler.trace(`- ${from} writes ${id} to ${platform.name}`);
    platform.deliver({
      id,
      kind: isAgent ? "bot" : "note",
      payload: isBroken ? { nonsense: true } : payload,
    });
  }

  #text(thrown: number): string {
    if (thrown < 0.1) return "yes";
    return thrown < 0.13 ? "break the kind" : `please do ${this.#letters}`;
  }

  /** Asks by a handle of a process that is up; when it ends in the middle, the caller just hears nothing more. */
  #by(label: string, use: (handle: Handle) => Promise<void>): void {
    const { dice, scheduler, referee } = this.#world;
    const up = this.#nodes.filter(({ isUp, process }) => isUp && process?.isPaused === false);
    if (up.length === 0) return;
    const { name, handle, process } = dice.pick(up);
    if (handle === undefined || process === undefined) return;
    scheduler.trace(`- a client of ${name} ${label}`);
    const call = { process };
    this.#calls.add(call);
    use(handle)
      .catch((error: unknown) => {
        if (!isBridgeError(error, ...expected)) referee.found(error);
      })
      .finally(() => this.#calls.delete(call));
  }

  /** True while somebody has asked a living process and has no answer. */
  get isWaiting(): boolean {
    return [...this.#calls].some(({ process }) => !process.isGone);
  }

  #start(): void {
    const { dice } = this.#world;
    const isAgain = this.#requests.length > 0 && dice.chance(0.4);
    const request: StartRequest = isAgain
      ? dice.pick(this.#requests)
      : {
          payload: { text: `start ${this.#requests.length}` },
          runner: dice.pick(["worker", "thinker"]),
          idempotencyKey: `key-${this.#requests.length}`,
          ...(dice.chance(0.6) ? { conversation: dice.pick(people) } : {}),
        };
    if (!isAgain) this.#requests.push(request);
    const key = request.idempotencyKey ?? "";
    this.#by(`starts ${key}`, async (handle) => {
      const { task } = await handle.start(request);
      const known = this.#tasksOfKey.get(key);
      if (known !== undefined && known !== task.id)
        throw new Violation(
          "one key, one task",
          `${key} was answered with ${known} and with ${task.id}`,
        );
      this.#tasksOfKey.set(key, task.id);
    });
  }

  #anyTask(): string | null {
    const { tasks } = this.#world.referee.ledger;
    return tasks.length === 0 ? null : this.#world.dice.pick(tasks.slice(-8));
  }

  #withTask(verb: string, use: (handle: Handle, taskId: string) => Promise<void>): void {
    const taskId = this.#anyTask();
    if (taskId === null) return;
    this.#by(
      `${verb} ${this.#world.referee.named(taskId)}`,
      async (handle) => await use(handle, taskId),
    );
  }

  #answer(): void {
    const { dice } = this.#world;
    const action = dice.chance(0.7) ? "accept" : "decline";
    this.#by("answers what is open", async (handle) => {
      const { items } = await handle.tasks({ status: ["input_required"] });
      for (const { id } of items)
        for (const question of await handle.questions(id))
          if (question.state === "open") await handle.answer(question.id, { action });
    });
  }

  #resume(): void {
    this.#withTask("goes on with", async (handle, taskId) => {
      const { conversationId } = await handle.task(taskId);
      await handle.resume({ taskId, conversationId, message: "go on", idempotencyKey: "once" });
    });
  }

  /** Begins to read a task, or the whole log, from its beginning. */
  #read(taskId: string | null): void {
    const reader: Reader = { taskId, cursors: [], isDone: false };
    this.#readers.push(reader);
    this.#attach(reader);
  }

  /** Goes on reading where it stood, on any process. */
  #attach(reader: Reader): void {
    const { dice, scheduler, referee } = this.#world;
    const up = this.#nodes.filter(({ isUp, process }) => isUp && process?.isPaused === false);
    const node = up.length === 0 ? undefined : dice.pick(up);
    const again = (): void => {
      if (this.#haveLeft) return;
      scheduler.after(dice.between(100, 2000), {
        owner: null,
        label: "",
        run: () => this.#attach(reader),
      });
    };
    if (node?.handle === undefined || node.process === undefined) return again();
    const { handle, process } = node;
    const over = new AbortController();
    const goneTeller = process.onGone(again);
    process.guests.add(over);
    const after = reader.cursors.at(-1) ?? null;
    const { signal } = over;
    const events: AsyncIterable<{ type: string; cursor?: string }> =
      reader.taskId === null
        ? handle.follow({ after, signal })
        : handle.attach({ taskId: reader.taskId, after, until: "settled", signal });
    const follow = async (): Promise<void> => {
      for await (const event of events) {
        if (process.isGone) return;
        if (event.cursor !== undefined) reader.cursors.push(event.cursor);
      }
      if (signal.aborted) return;
      reader.isDone = true;
      goneTeller.stop();
    };
    follow().catch((error: unknown) => {
      if (process.isGone) return;
      goneTeller.stop();
      if (isBridgeError(error, ...expected)) again();
      else referee.found(error);
    });
  }

  /** True when every reader of a task saw its end. */
  get haveAllRead(): boolean {
    const head = this.#world.referee.log.events.at(-1)?.cursor;
    return this.#readers.every(({ taskId, isDone, cursors }) =>
      taskId === null ? cursors.at(-1) === head : isDone,
    );
  }

  /** Who reads for ever stops. */
  leave(): void {
    this.#haveLeft = true;
  }

  /** What the readers saw is the log. */
  end(events: readonly BridgeEvent[]): void {
    const { referee } = this.#world;
    for (const { taskId, cursors } of this.#readers) {
      const own = taskId === null ? events : events.filter((event) => event.taskId === taskId);
      referee.check(() =>
        referee.log.sameAs(
          `a reader of ${taskId ?? "everything"}`,
          cursors,
          own.map(({ cursor }) => cursor),
        ),
      );
    }
    referee.check(() => {
      for (const [key, taskId] of this.#tasksOfKey)
        if (!referee.ledger.tasks.includes(taskId))
          throw new Violation(
            "accepted means stored",
            `${key} was answered with ${taskId}, which is not there`,
          );
    });
  }
}
