import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { silentLogger, type Logger } from "@agent-bridge/core";
import { formatMark } from "@agent-bridge/process";
import { expect, onTestFinished, test } from "vitest";
import { RunTokens } from "../src/run-tokens.ts";
import { ensureSocketKey } from "../src/socket-key.ts";
import { connectDaemon, type DaemonClient, type HostPaths } from "../src/index.ts";
import { ensurePrivateFolder } from "../src/private-files.ts";
import { serveSocket } from "../src/socket/server.ts";
import { lockState } from "../src/state-lock.ts";
import { fakeHandle, type FakeHandle } from "./fake-handle.ts";
import { temporaryPaths } from "./temporary.ts";

async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** A logger that keeps its warnings. */
function recordingLogger(): Logger & { readonly lines: { message: string; data?: object }[] } {
  const lines: { message: string; data?: object }[] = [];
  const warn: Logger["warn"] = (message, data) =>
    void lines.push({ message, ...(data === undefined ? {} : { data }) });
  return { ...silentLogger, lines, warn };
}

const mark = (stateId: string): string => formatMark({ stateId, taskId: "task_1", attempt: 1 });

const waitRequest = (id: number): object => ({
  id,
  method: "wait",
  params: { taskIds: ["t"], timeoutMs: 1 },
});

interface Served extends FakeHandle {
  readonly paths: HostPaths;
  readonly key: string;
  readonly becomeReady: () => void;
  readonly wasStopped: () => boolean;
  readonly close: () => Promise<void>;
}

async function serve(
  options: { isReady?: boolean; paths?: HostPaths; logger?: Logger } = {},
): Promise<Served> {
  const paths = options.paths ?? temporaryPaths();
  ensurePrivateFolder(paths.stateFolder);
  const key = ensureSocketKey(paths);
  const fake = fakeHandle();
  const ready = Promise.withResolvers<undefined>();
  if (options.isReady !== false) ready.resolve(undefined);
  let wasStopped = false;
  const server = await serveSocket(paths, {
    handle: fake.handle,
    openPages: () => [],
    reload: () => ({ now: [], atNextStart: [] }),
    status: () => Promise.reject(new Error("not in this test")),
    stop: () => (wasStopped = true),
    isStopping: () => wasStopped,
    key,
    stateId: "state_test",
    tokens: new RunTokens(),
    serveMcp: () => Promise.reject(new Error("not in this test")),
    hello: { protocol: 1, version: "1.2.3", pid: process.pid },
    ready: ready.promise.then(() => undefined),
    logger: options.logger ?? silentLogger,
  });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => await (closing ??= server[Symbol.asyncDispose]());
  onTestFinished(close);
  return {
    ...fake,
    paths,
    key,
    becomeReady: () => ready.resolve(undefined),
    wasStopped: () => wasStopped,
    close,
  };
}

async function client(paths: HostPaths): Promise<DaemonClient> {
  const connected = await connectDaemon(paths, { run: undefined });
  onTestFinished(async () => await connected.close());
  return connected;
}

/** A caller that writes what it likes, and the lines that it is answered. */
function rawCaller(paths: HostPaths) {
  const socket: Socket = connect(paths.socket);
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    return done === true ? "closed" : (JSON.parse(value) as unknown);
  };
  return { socket, next, say: (data: unknown) => socket.write(`${JSON.stringify(data)}\n`) };
}

test("the socket is the user's alone, and a file left at its place gives way", async () => {
  const { paths, close } = await serve();
  expect(statSync(paths.socket).mode & 0o777).toBe(0o600);
  await close();
  expect(existsSync(paths.socket)).toBe(false);
  writeFileSync(paths.socket, "left by a crash");
  await serve({ paths });
  await expect(client(paths)).resolves.toBeDefined();
  expect(readdirSync(paths.stateFolder).filter((name) => name.startsWith("daemon."))).toEqual([
    "daemon.sock",
  ]);
});

test("a folder at the socket's place is refused and left as it is", async () => {
  const paths = temporaryPaths();
  mkdirSync(join(paths.socket, "inside"), { recursive: true });
  await expect(serve({ paths })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/daemon\.sock is not valid: .*Move it away/),
  });
  expect(existsSync(join(paths.socket, "inside"))).toBe(true);
  await expect(connectDaemon(paths)).rejects.toMatchObject({ code: "DAEMON_NOT_RUNNING" });
});

test("S35 a socket on which another process listens is refused, and goes on", async () => {
  const { paths, close } = await serve();
  await expect(serve({ paths })).rejects.toMatchObject({
    code: "STATE_LOCKED",
    message: expect.stringContaining(`a process that listens on ${paths.socket}`),
  });
  await expect(client(paths)).resolves.toBeDefined();
  await close();
});

test("a daemon that was replaced leaves the socket of the new one where it is", async () => {
  const first = await serve();
  const { paths } = first;
  rmSync(paths.socket);
  await serve({ paths });
  await first.close();
  await expect(client(paths)).resolves.toBeDefined();
});

test("what answers on the socket and is no daemon is none; one that is silent, a time-out", async () => {
  const paths = temporaryPaths();
  ensurePrivateFolder(paths.stateFolder);
  ensureSocketKey(paths);
  let word = "220 mail.example ESMTP\r\n";
  const server = createServer((socket) => void socket.on("error", () => undefined).write(word));
  server.listen(paths.socket);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  await expect(connectDaemon(paths)).rejects.toMatchObject({ code: "DAEMON_NOT_RUNNING" });
  word = "7\n";
  await expect(connectDaemon(paths)).rejects.toMatchObject({ code: "DAEMON_NOT_RUNNING" });
  word = "";
  const silent = connectDaemon(paths, { timeoutMs: 20, run: undefined });
  await expect(silent).rejects.toMatchObject({ code: "TIMED_OUT" });
});

test("between its lock and its socket a daemon is waited for; when it is gone instead, there is none", async () => {
  const paths = temporaryPaths();
  ensurePrivateFolder(paths.stateFolder);
  const lock = await lockState(paths, "1.2.3");
  const connecting = connectDaemon(paths, { run: undefined });
  await serve({ paths });
  const connected = await connecting;
  await connected.close();
  lock[Symbol.dispose]();
  const next = temporaryPaths();
  ensurePrivateFolder(next.stateFolder);
  const failing = await lockState(next, "1.2.3");
  const waiting = connectDaemon(next);
  failing[Symbol.dispose]();
  await expect(waiting).rejects.toMatchObject({ code: "DAEMON_NOT_RUNNING" });
});

test("a daemon that holds its lock and never listens is a time-out, an abort its reason", async () => {
  const paths = temporaryPaths();
  ensurePrivateFolder(paths.stateFolder);
  using _lock = await lockState(paths, "1.2.3");
  await expect(connectDaemon(paths, { timeoutMs: 50 })).rejects.toMatchObject({
    code: "TIMED_OUT",
  });
  const reason = new Error("given up");
  await expect(connectDaemon(paths, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("while the daemon stops, nothing new is begun, and the refusal may be tried again", async () => {
  const { paths } = await serve();
  const daemon = await client(paths);
  await daemon.call("stop", {});
  await expect(daemon.call("start", { payload: { text: "x" } })).rejects.toMatchObject({
    code: "DAEMON_LOST",
    retryable: true,
  });
  await expect(daemon.call("task", { taskId: "task_known" })).resolves.toBeDefined();
});

test("calls are answered, errors arrive with their code, a bug as INTERNAL without its stack", async () => {
  const { paths } = await serve();
  const daemon = await client(paths);
  expect(daemon.daemon).toMatchObject({ version: "1.2.3", pid: process.pid });
  await expect(daemon.call("task", { taskId: "task_known" })).resolves.toMatchObject({
    task: { id: "task_known" },
  });
  await expect(daemon.call("task", { taskId: "task_x" })).rejects.toMatchObject({
    code: "TASK_NOT_FOUND",
    data: { taskId: "task_x" },
  });
  const bug = await daemon.call("task", { taskId: "task_bug" }).catch((error: unknown) => error);
  expect(bug).toMatchObject({
    code: "INTERNAL",
    message: expect.not.stringContaining("socket.test"),
  });
});

test("a stream gives its events in order and ends", async () => {
  const { paths, open } = await serve();
  const daemon = await client(paths);
  const events = await collect(daemon.stream("attach", { taskId: "task_known" }));
  expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(open()).toBe(0);
});

test("without the key nothing is answered and the connection ends", async () => {
  const logger = recordingLogger();
  const { paths } = await serve({ logger });
  const caller = rawCaller(paths);
  caller.say({ hello: { protocol: 1, key: "0".repeat(64) } });
  expect(await caller.next()).toMatchObject({ error: { code: "NOT_ALLOWED" } });
  expect(await caller.next()).toBe("closed");
  const rude = rawCaller(paths);
  rude.say({ id: 1, method: "status" });
  expect(await rude.next()).toMatchObject({ error: { code: "INPUT_INVALID" } });
  expect(await rude.next()).toBe("closed");
  expect(logger.lines.map(({ message, data }) => ({ message, ...data }))).toMatchObject([
    { message: "Denied", who: "a caller of the socket", code: "NOT_ALLOWED" },
    { message: "Denied", who: "a caller of the socket", code: "INPUT_INVALID" },
  ]);
});

test("a run of this state can not operate the bridge with the key; another state's may", async () => {
  const { paths } = await serve();
  await expect(connectDaemon(paths, { run: mark("state_test") })).rejects.toMatchObject({
    code: "NOT_ALLOWED",
  });
  const other = await connectDaemon(paths, { run: mark("state_other") });
  await other.close();
});

test("another version of the protocol is refused with what to do", async () => {
  const { paths, key } = await serve();
  const caller = rawCaller(paths);
  caller.say({ hello: { protocol: 2, key } });
  expect(await caller.next()).toMatchObject({
    error: { code: "INPUT_INVALID", message: expect.stringContaining("agent-bridge down") },
  });
});

test("bad input is answered by a code and the connection goes on", async () => {
  const { paths, key } = await serve();
  const caller = rawCaller(paths);
  caller.say({ hello: { protocol: 1, key } });
  expect(await caller.next()).toHaveProperty("hello");
  const answers: readonly (readonly [string, unknown])[] = [
    ["garbage", { id: null, error: { code: "INPUT_INVALID" } }],
    ["", { id: null, error: { code: "INPUT_INVALID" } }],
    ["\u0000\u001b[2J", { id: null, error: { code: "INPUT_INVALID" } }],
    ["[".repeat(10_000) + "]".repeat(10_000), { id: null, error: { code: "INPUT_TOO_DEEP" } }],
    ["x".repeat(10 * 1024 * 1024), { id: null, error: { code: "INPUT_TOO_LARGE" } }],
    ['{"id":7}', { id: 7, error: { code: "INPUT_INVALID" } }],
    ['{"id":7,"method":"constructor"}', { id: 7, error: { code: "INPUT_INVALID" } }],
    ['{"id":7,"method":"task"}', { id: 7, error: { code: "INPUT_INVALID" } }],
    [
      '{"id":7,"method":"task","params":{"taskId":"t","x":1}}',
      { id: 7, error: { code: "INPUT_INVALID" } },
    ],
    ['{"id":{},"method":"task"}', { id: null, error: { code: "INPUT_INVALID" } }],
    [
      '{"id":7,"method":"task","params":{"__proto__":{"x":1},"taskId":"task_known"}}',
      { id: 7, result: { task: { id: "task_known" } } },
    ],
    [
      '{"cancel":99}\n{"id":8,"method":"task","params":{"taskId":"task_known"}}',
      { id: 8, result: { task: { id: "task_known" } } },
    ],
  ];
  for (const [line, answer] of answers) {
    caller.socket.write(`${line}\n`);
    expect(await caller.next()).toMatchObject(answer as object);
  }
  expect(({} as { x?: number }).x).toBeUndefined();
});

test("an id that is still open is refused, and so are more open requests than the limit", async () => {
  const { paths, key, open } = await serve();
  const caller = rawCaller(paths);
  caller.say({ hello: { protocol: 1, key } });
  await caller.next();
  caller.say(waitRequest(1));
  caller.say(waitRequest(1));
  expect(await caller.next()).toMatchObject({ id: 1, error: { code: "INPUT_INVALID" } });
  for (let id = 2; id <= 257; id++) caller.say(waitRequest(id));
  expect(await caller.next()).toMatchObject({ id: 257, error: { code: "QUOTA_EXCEEDED" } });
  caller.socket.destroy();
  await expect.poll(open).toBe(0);
});

test("a call that is given up ends in the daemon too, and so does a stream that is left", async () => {
  const { paths, open } = await serve();
  const daemon = await client(paths);
  const abort = new AbortController();
  const waiting = daemon.call(
    "wait",
    { taskIds: ["t"], timeoutMs: 60_000 },
    { signal: abort.signal },
  );
  await expect.poll(open).toBe(1);
  abort.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect.poll(open).toBe(0);
  for await (const _event of daemon.stream("follow", {})) break;
  await expect.poll(open).toBe(0);
  const stop = new AbortController();
  const read = collect(daemon.stream("follow", {}, { signal: stop.signal }));
  await expect.poll(open).toBe(1);
  stop.abort();
  expect((await read).length).toBeGreaterThanOrEqual(0);
  await expect.poll(open).toBe(0);
});

test("a caller that does not read holds its stream up, not the daemon's memory", async () => {
  const { paths, key, yielded, open } = await serve();
  const caller = rawCaller(paths);
  caller.say({ hello: { protocol: 1, key } });
  await caller.next();
  caller.say({ id: 1, method: "follow", params: {} });
  await caller.next();
  caller.socket.pause();
  let before = -1;
  await expect
    .poll(
      () => {
        const isStill = yielded() === before;
        before = yielded();
        return isStill;
      },
      { interval: 20 },
    )
    .toBe(true);
  expect(yielded()).toBeLessThan(500);
  const daemon = await client(paths);
  await expect(daemon.call("task", { taskId: "task_known" })).resolves.toBeDefined();
  caller.socket.destroy();
  await expect.poll(open).toBe(0);
});

test("a caller that comes before the daemon is ready waits and is answered then", async () => {
  const { paths, becomeReady } = await serve({ isReady: false });
  const connecting = client(paths);
  becomeReady();
  const daemon = await connecting;
  await expect(daemon.call("task", { taskId: "task_known" })).resolves.toBeDefined();
});

test("a daemon that does not answer is a time-out, none is DAEMON_NOT_RUNNING", async () => {
  const { paths, close } = await serve({ isReady: false });
  await expect(connectDaemon(paths, { timeoutMs: 20, run: undefined })).rejects.toMatchObject({
    code: "TIMED_OUT",
  });
  await close();
  await expect(connectDaemon(paths)).rejects.toMatchObject({ code: "DAEMON_NOT_RUNNING" });
  await expect(connectDaemon(temporaryPaths())).rejects.toMatchObject({
    code: "DAEMON_NOT_RUNNING",
  });
});

test("when the daemon goes, open calls and streams end as DAEMON_LOST", async () => {
  const { paths, close, open } = await serve();
  const daemon = await client(paths);
  const waiting = daemon.call("wait", { taskIds: ["t"], timeoutMs: 60_000 });
  const following = collect(daemon.stream("follow", {}));
  const ends = Promise.allSettled([waiting, following]);
  await expect.poll(open).toBe(2);
  await close();
  expect(await ends).toMatchObject([
    { status: "rejected", reason: { code: "DAEMON_LOST" } },
    { status: "rejected", reason: { code: "DAEMON_LOST" } },
  ]);
  await expect(daemon.call("task", { taskId: "t" })).rejects.toMatchObject({ code: "DAEMON_LOST" });
  expect(open()).toBe(0);
});

test("a request that does not fit in a line is refused before it is sent", async () => {
  const { paths } = await serve();
  const daemon = await client(paths);
  await expect(
    daemon.call("start", { payload: { text: "x".repeat(10 * 1024 * 1024) } }),
  ).rejects.toMatchObject({ code: "INPUT_TOO_LARGE" });
  await expect(daemon.call("task", { taskId: "task_known" })).resolves.toBeDefined();
});

test("stop is passed on", async () => {
  const { paths, wasStopped } = await serve();
  const daemon = await client(paths);
  await expect(daemon.call("stop", {})).resolves.toEqual({ stopping: true });
  expect(wasStopped()).toBe(true);
});
