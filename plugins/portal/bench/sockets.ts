/**
 * Measures sockets that watch tasks which stream, one socket of them stuck on all of them: memory for each socket, deliveries a second,
 * the delay of the event loop, and whether any socket missed an event or was told one twice. Arguments: sockets, tasks, seconds.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  createBridge,
  defineRunner,
  systemClock,
  systemRandom,
  type Logger,
} from "@agent-bridge/core";
import { portalChat, portalLimits, PortalSockets, socketPath } from "@agent-bridge/plugin-portal";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import * as z from "zod";
import type { ClientNews, WatchOrder } from "./clients.ts";

const [socketCount = 1000, taskCount = 100, seconds = 10] = process.argv.slice(2).map(Number);
/** Twenty events a second of each task: as many as deltas are let through. */
const everyMs = 50;
const eventsEach = (seconds * 1000) / everyMs;
/** How long it is watched what sockets cost that are told nothing. */
const restMs = 3000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What the process holds, once everything that is garbage is gone: the heap, and what lies outside of it. */
async function heldBytes(): Promise<number> {
  await sleep(500);
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

const begin = Promise.withResolvers<void>();
const streaming = defineRunner({
  name: "streaming",
  capabilities: { resume: false, questions: "none" },
  sessionScope: "anywhere",
  options: z.strictObject({}),
  check: async () =>
    await Promise.resolve({ ready: true, version: null, path: null, problems: [] }),
  async *run() {
    await begin.promise;
    await sleep(Math.random() * everyMs);
    for (let count = 0; count < eventsEach; count++) {
      yield { type: "text", text: `${Date.now()} ${"word ".repeat(80)}`, delta: true };
      await sleep(everyMs);
    }
    yield { type: "end", outcome: "completed", output: "done" };
  },
});

const quiet = (): void => {};
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const logger: Logger = { debug: quiet, info: quiet, warn: say, error: say };
const folder = mkdtempSync(join(tmpdir(), "agent-bridge-sockets-"));
await using stack = new AsyncDisposableStack();
stack.defer(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "bridge.db");
const store = stack.use(sqliteStore({ path, clock: systemClock(), random: systemRandom }));
const bridge = stack.use(
  createBridge({
    store,
    kinds: [portalChat],
    runners: [streaming],
    routes: [{ kind: portalChat.name, from: "*", runner: streaming.name }],
    limits: { concurrency: taskCount },
    logger,
  }),
);
await bridge.start();
const key = "key-of-the-benchmark";
const handle = bridge.as({ type: "client", id: "benchmark" });
const sockets = stack.use(
  new PortalSockets({
    limits: portalLimits,
    sockets: socketCount,
    version: "1.0.0",
    clock: systemClock(),
    logger,
    authenticate: (given) => (given === key ? handle : undefined),
  }),
);
const server = createServer();
server.on("upgrade", (request, socket, head) => sockets.upgrade(request, { socket, head, handle }));
server.listen(0, "127.0.0.1");
await once(server, "listening");
stack.defer(() => void server.close());

const tasks = [];
for (let count = 0; count < taskCount; count++) {
  const { task } = await handle.start({ kind: portalChat.name, payload: { text: "go" } });
  tasks.push({ id: task.id, conversationId: task.conversationId });
}
const before = await heldBytes();
const clients = fork(join(import.meta.dirname, "clients.ts"), { execArgv: process.execArgv });
stack.defer(() => clients.disconnect());
const news = async (): Promise<ClientNews> => {
  const [told] = (await once(clients, "message")) as [ClientNews];
  return told;
};
const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}${socketPath}`;
clients.send({ url, key, tasks, sockets: socketCount } satisfies WatchOrder);
await news();
const perSocket = ((await heldBytes()) - before) / socketCount;
const idleFrom = process.cpuUsage();
await sleep(restMs);
const idle = process.cpuUsage(idleFrom);

const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
const busyFrom = process.cpuUsage();
begin.resolve();
const readers = await news();
const busy = process.cpuUsage(busyFrom);
loop.disable();
const whileStuck = ((await heldBytes()) - before) / socketCount;
const stuck = await news();
if (readers.type !== "done" || stuck.type !== "done")
  throw new Error("The clients did not finish.");

const eventsOfTasks = new Map<string, number>();
for (const { id } of tasks)
  eventsOfTasks.set(id, (await handle.events({ taskId: id, limit: 10_000 })).events.length);
const all = [...eventsOfTasks.values()];
const events = all.reduce((sum, count) => sum + count, 0);
let wanted = 0;
for (let place = 0; place < socketCount - 1; place++) wanted += all[place % all.length] ?? 0;
const delays = readers.delays.toSorted((a, b) => a - b);
const share = ({ user, system }: NodeJS.CpuUsage, ms: number): number => (user + system) / 10 / ms;
const figures = {
  sockets: socketCount,
  tasks: taskCount,
  events,
  deliveries: readers.events,
  deliveriesPerSecond: Math.round((readers.events * 1000) / readers.elapsedMs),
  missingOrRepeated: readers.wrong + Math.abs(readers.events - wanted),
  stuckOneCaughtUp: stuck.wrong === 0 && stuck.events === events,
  bytesForEachSocket: Math.round(perSocket),
  bytesForEachSocketAfter: Math.round(whileStuck),
  loopDelayMs: { p50: loop.percentile(50) / 1e6, p99: loop.percentile(99) / 1e6 },
  wordToClientMs: { p50: at(delays, 0.5), p99: at(delays, 0.99) },
  percentOfOneCore: { watching: share(idle, restMs), streaming: share(busy, readers.elapsedMs) },
};
process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
process.exitCode = figures.missingOrRepeated === 0 && figures.stuckOneCaughtUp ? 0 : 1;
