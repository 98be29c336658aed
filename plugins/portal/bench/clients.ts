/**
 * The clients of the benchmark, in a process of their own: sockets that watch, each one task, and check that they are
 * told every event once and in order. The last one watches all tasks, and reads nothing until the others are done.
 */
import { once } from "node:events";
import { WebSocket } from "ws";

/** What the benchmark asks for. */
export interface WatchOrder {
  readonly url: string;
  readonly key: string;
  readonly tasks: readonly { readonly id: string; readonly conversationId: string | null }[];
  readonly sockets: number;
}

/** What the clients tell. */
export type ClientNews =
  | { readonly type: "watching" }
  | {
      readonly type: "done";
      readonly who: "readers" | "stuck";
      /** Events that were told. */
      readonly events: number;
      /** Events that were missing, repeated or out of order. */
      readonly wrong: number;
      /** Between the first and the last event. */
      readonly elapsedMs: number;
      /** From the agent's word to the client, in milliseconds. */
      readonly delays: readonly number[];
    };

interface Told {
  readonly type: string;
  readonly event?: {
    readonly taskId: string;
    readonly seq: number;
    readonly type: string;
    readonly data: object;
  };
}

const order = await new Promise<WatchOrder>((resolve) => process.once("message", resolve));
const tell = (news: ClientNews): void => void process.send?.(news);

class Watcher {
  readonly socket: WebSocket;
  readonly isWatching: Promise<void>;
  readonly isDone: Promise<void>;
  readonly delays: number[] = [];
  readonly times: number[] = [];
  readonly #seqs = new Map<string, number>();
  events = 0;
  wrong = 0;

  constructor(tasks: WatchOrder["tasks"]) {
    this.socket = new WebSocket(order.url, { headers: { authorization: `Bearer ${order.key}` } });
    const watching = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    [this.isWatching, this.isDone] = [watching.promise, done.promise];
    this.socket.on("open", () => {
      for (const { id, conversationId } of tasks)
        this.socket.send(JSON.stringify({ type: "resume", id, taskId: id, conversationId }));
    });
    let [replies, ends] = [0, 0];
    this.socket.on("error", done.reject).on("close", () => done.reject(new Error("closed")));
    this.socket.on("message", (data: Buffer) => {
      const told = JSON.parse(data.toString()) as Told;
      if (told.type === "reply" && ++replies === tasks.length) watching.resolve();
      if (told.event !== undefined) this.#count(told.event);
      if (told.type === "end" && ++ends === tasks.length) done.resolve();
    });
  }

  #count({ taskId, seq, type, data }: NonNullable<Told["event"]>): void {
    this.events++;
    if (seq !== (this.#seqs.get(taskId) ?? 0) + 1) this.wrong++;
    this.#seqs.set(taskId, seq);
    if (type !== "turn.text") return;
    const now = Date.now();
    this.times.push(now);
    this.delays.push(now - Number.parseInt((data as { readonly text: string }).text, 10));
  }
}

function report(who: "readers" | "stuck", watchers: readonly Watcher[]): void {
  const times = watchers.flatMap((watcher) => watcher.times).toSorted((a, b) => a - b);
  tell({
    type: "done",
    who,
    events: watchers.reduce((sum, { events }) => sum + events, 0),
    wrong: watchers.reduce((sum, { wrong }) => sum + wrong, 0),
    elapsedMs: (times.at(-1) ?? 0) - (times[0] ?? 0),
    delays: watchers.flatMap(({ delays }) => delays),
  });
}

const readers: Watcher[] = [];
for (let place = 0; place < order.sockets - 1; place++) {
  const at = place % order.tasks.length;
  const watcher = new Watcher(order.tasks.slice(at, at + 1));
  await watcher.isWatching;
  readers.push(watcher);
}
const stuck = new Watcher(order.tasks);
await stuck.isWatching;
stuck.socket.pause();
tell({ type: "watching" });
await Promise.all(readers.map(async ({ isDone }) => await isDone));
report("readers", readers);
stuck.socket.resume();
await stuck.isDone;
report("stuck", [stuck]);
await once(process, "disconnect");
process.exit(0);
