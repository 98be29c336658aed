import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { isBridgeError, silentLogger } from "@agent-bridge/core";
import { manualClock } from "@agent-bridge/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  connectDaemon,
  parseConfig,
  startDaemon,
  type Daemon,
  type DaemonOptions,
  type HostPaths,
} from "../src/index.ts";
import { isStateLocked } from "../src/state-lock.ts";
import { temporaryFolder, temporaryPaths } from "./temporary.ts";

const notePlugin = fileURLToPath(new URL("fixtures/note-plugin.ts", import.meta.url));
const working = {
  plugins: { [notePlugin]: {} },
  routes: [{ kind: "prompt", from: ["operator"], runner: "echo" }],
};

/** What a client of MCP 2026-07-28 says with every request. */
const envelope = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

function optionsFor(paths: HostPaths, config: object = working): DaemonOptions {
  const parsed = parseConfig(JSON.stringify(config), paths.configFile);
  if ("findings" in parsed) throw new Error(JSON.stringify(parsed.findings));
  return { paths, config: parsed.loaded, logger: silentLogger };
}

async function start(options: DaemonOptions): Promise<Daemon> {
  const daemon = await startDaemon(options);
  onTestFinished(async () => await daemon.stop());
  return daemon;
}

const refusal = async (options: DaemonOptions): Promise<string> => {
  try {
    await start(options);
    return "started";
  } catch (error) {
    return isBridgeError(error) ? error.code : String(error);
  }
};

test("a message sent over the socket is answered by the runner and survives a restart", async () => {
  const paths = temporaryPaths();
  const daemon = await start(optionsFor(paths));
  const client = await connectDaemon(paths, { run: undefined });
  const { task } = await client.call("start", { payload: { text: "hello" } });
  const types: string[] = [];
  for await (const { type } of client.stream("attach", { taskId: task.id })) types.push(type);
  expect(types.at(-1)).toBe("task.completed");
  await client.close();
  await daemon.stop();
  expect(isStateLocked(paths)).toBe(false);
  expect(existsSync(paths.socket)).toBe(false);
  const next = await start(optionsFor(paths));
  expect(await next.handle.task(task.id)).toMatchObject({ output: { output: "hello" } });
});

test("a start that fails gives back all that it took", async () => {
  const paths = temporaryPaths();
  const broken = { ...working, routes: [{ kind: "prompt", from: "*", runner: "nobody" }] };
  expect(await refusal(optionsFor(paths, broken))).toBe("CONFIG_INVALID");
  expect(isStateLocked(paths)).toBe(false);
  expect(await refusal(optionsFor(paths))).toBe("started");
});

test("S35 a second daemon on one state folder is refused, and the first goes on", async () => {
  const paths = temporaryPaths();
  const first = await start(optionsFor(paths));
  expect(await refusal(optionsFor(paths))).toBe("STATE_LOCKED");
  expect((await first.status()).stateFolder).toBe(paths.stateFolder);
  const client = await connectDaemon(paths, { run: undefined });
  await expect(client.call("status", {})).resolves.toMatchObject({ pid: process.pid });
  await client.close();
});

test("a store in memory is refused unless that is asked for", async () => {
  const paths = temporaryPaths();
  const config = { ...working, store: { type: "memory" } };
  expect(await refusal(optionsFor(paths, config))).toBe("STORE_NOT_DURABLE");
  const daemon = await start({ ...optionsFor(paths, config), ephemeral: true });
  expect(await daemon.status()).toMatchObject({ bridge: { durable: false } });
});

test("ids and key of a state folder stay the same over restarts, and damaged ids are not replaced", async () => {
  const paths = temporaryPaths();
  const files = (): readonly string[] =>
    [paths.identity, paths.socketKey].map((file) => readFileSync(file, "utf8"));
  await (await start(optionsFor(paths))).stop();
  const made = files();
  await (await start(optionsFor(paths))).stop();
  expect(files()).toEqual(made);
  writeFileSync(paths.identity, "{}");
  expect(await refusal(optionsFor(paths))).toBe("CONFIG_INVALID");
});

test("a state folder whose path is too long for a socket works all the same", async () => {
  const paths = temporaryPaths(temporaryFolder(), "long-".repeat(40));
  expect(paths.socket.startsWith("/tmp/agent-bridge-")).toBe(true);
  const daemon = await start(optionsFor(paths));
  const client = await connectDaemon(paths, { run: undefined });
  await client.close();
  await daemon.stop();
  expect(existsSync(paths.socket)).toBe(false);
});

test("callers are cut off by a stop, and a stop may be repeated", async () => {
  const paths = temporaryPaths();
  const daemon = await start(optionsFor(paths));
  const client = await connectDaemon(paths, { run: undefined });
  await Promise.all([daemon.stop(), daemon.stop()]);
  await expect(client.call("status", {})).rejects.toMatchObject({ code: "DAEMON_LOST" });
  await client.close();
});

test("while it stops, a client of MCP begins nothing and may ask again", async () => {
  const daemon = await start(optionsFor(temporaryPaths()));
  const [input, output] = [new PassThrough(), new PassThrough()];
  const connection = await daemon.serveMcp({ input, output }, { type: "operator" });
  const replies = createInterface({ input: output })[Symbol.asyncIterator]();
  const answer = async (name: string, given: object): Promise<unknown> => {
    const params = { name, arguments: given, _meta: envelope };
    input.write(`${JSON.stringify({ jsonrpc: "2.0", id: name, method: "tools/call", params })}\n`);
    const { result } = JSON.parse((await replies.next()).value as string) as {
      result: { structuredContent: unknown };
    };
    return result.structuredContent;
  };
  expect(await answer("task_list", {})).toMatchObject({ tasks: [] });
  const stopped = daemon.stop();
  const refused = { error: { code: "DAEMON_LOST", retryable: true } };
  const named = { task_id: "task_x", conversation_id: "conv_x" };
  expect(await answer("task_start", { prompt: "hello" })).toMatchObject(refused);
  expect(await answer("task_resume", named)).toMatchObject(refused);
  expect(await answer("dead_letter_retry", { dead_letter_id: "dl_x" })).toMatchObject(refused);
  await connection.close();
  await stopped;
});

test("one that was started on demand ends when nobody needs it, and not while someone is connected", async () => {
  const paths = temporaryPaths();
  const clock = manualClock();
  const config = { ...working, daemon: { idleMinutes: 5 } };
  const daemon = await start({ ...optionsFor(paths, config), clock, endsWhenIdle: true });
  const onStop = vi.fn<(cause: string) => void>();
  void daemon.stopRequested.then(onStop);
  const client = await connectDaemon(paths, { run: undefined });
  await client.call("status", {});
  await clock.advance(20 * 60_000);
  expect(onStop).not.toHaveBeenCalled();
  await client.close();
  await expect
    .poll(
      async () => {
        await clock.advance(60_000);
        return onStop.mock.calls;
      },
      { interval: 5 },
    )
    .toEqual([["idle"]]);
});

test("one that a person started stays when nobody needs it", async () => {
  const clock = manualClock();
  const daemon = await start({ ...optionsFor(temporaryPaths()), clock });
  const onStop = vi.fn<(cause: string) => void>();
  void daemon.stopRequested.then(onStop);
  await clock.advance(60 * 60_000);
  expect(onStop).not.toHaveBeenCalled();
});

test("S35 when its state folder is removed it asks to be stopped, and leaves alone what stands there by then", async () => {
  const paths = temporaryPaths();
  const daemon = await start(optionsFor(paths));
  renameSync(paths.stateFolder, `${paths.stateFolder}.old`);
  expect(await daemon.stopRequested).toBe("lock_lost");
  const next = await start(optionsFor(paths));
  await daemon.stop();
  const client = await connectDaemon(paths, { run: undefined });
  await expect(client.call("status", {})).resolves.toMatchObject({
    stateFolder: next.paths.stateFolder,
  });
  await client.close();
  expect(existsSync(paths.stateLock.replace(/db$/, "json"))).toBe(true);
});
