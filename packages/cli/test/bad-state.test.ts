import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { document, makeHome } from "./home.ts";

test("an unknown key in the config is told with its place and the nearest known one", async () => {
  const home = makeHome({ config: '{\n  "routes": [],\n  "limits": { "concurency": 2 }\n}' });
  const { code, stderr, stdout } = await home.run(["up"]);
  expect(code).toBe(3);
  expect(stderr).toContain(
    '3:15 limits.concurency: is not a known key. Did you mean "concurrency"?',
  );
  expect(stdout).toBe("");
  const json = document((await home.run(["up", "--json"])).stdout);
  expect(json).toMatchObject({ error: { code: "CONFIG_INVALID", retryable: false } });
});

test("a missing config says how to make one, and a named one is read from where it is", async () => {
  const home = makeHome();
  const { code, stderr } = await home.run(["up", "--config", join(home.folder, "none.jsonc")]);
  expect(code).toBe(3);
  expect(stderr).toContain('"routes"');
});

test("a garbage database file is refused by code and left as it is", async () => {
  const home = makeHome();
  mkdirSync(home.state, { mode: 0o700 });
  const path = join(home.state, "bridge.db");
  const garbage = Buffer.alloc(64 * 1024, "not a database ");
  writeFileSync(path, garbage, { mode: 0o600 });
  const { code, stderr } = await home.run(["up"]);
  expect(code).toBe(3);
  expect(stderr).toContain("STORE_CORRUPT");
  expect(readFileSync(path).equals(garbage)).toBe(true);
});

test("a database of a newer schema is refused by code and left as it is", async () => {
  const home = makeHome();
  const daemon = await home.up();
  await home.run(["send", "say hello", "--follow"]);
  daemon.child.kill("SIGTERM");
  await daemon.ended;
  const database = new DatabaseSync(join(home.state, "bridge.db"));
  database.exec("PRAGMA user_version = 9999");
  database.close();
  const { code, stderr } = await home.run(["up"]);
  expect(code).toBe(3);
  expect(stderr).toContain("STORE_SCHEMA_NEWER");
  const after = new DatabaseSync(join(home.state, "bridge.db"));
  expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 9999 });
  after.close();
});

test("garbage on the socket does the daemon no harm", async () => {
  const home = makeHome();
  await home.up();
  const socketPath = join(home.state, "daemon.sock");
  const key = readFileSync(join(home.state, "socket.key"), "utf8").trim();
  const deep = "[".repeat(10_000) + "]".repeat(10_000);
  const hello = JSON.stringify({ hello: { protocol: 1, key } });
  for (const bytes of [
    Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    Buffer.alloc(5 * 1024 * 1024, 0xff),
    Buffer.from(`${hello}\n${deep}\n${"x".repeat(10 * 1024 * 1024)}\n{"id":1,"method":"status"}\n`),
    Buffer.from(`${hello}\n{"id":1,"method":"follow"}`),
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connect(socketPath);
      socket.on("error", () => undefined).on("close", () => resolve());
      socket.on("data", (answer) => {
        if (answer.includes('"result"')) socket.end();
      });
      socket.end(bytes);
    });
  }
  expect((await home.run(["send", "say hello", "--follow"])).stdout).toBe("hello\n");
});

test("commands without a daemon say so and give 4", async () => {
  const home = makeHome();
  const commands = [
    ["status"],
    ["down"],
    ["send", "x"],
    ["task", "list"],
    ["conversation", "list"],
  ];
  for (const args of commands) {
    const { code, stderr, stdout } = await home.run(args);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toContain("`agent-bridge up` starts one. (DAEMON_NOT_RUNNING)");
  }
  const json = await home.run(["status", "--json"]);
  expect(document(json.stdout)).toMatchObject({
    error: { code: "DAEMON_NOT_RUNNING", retryable: true },
  });
});

test("version and help need nothing", async () => {
  const home = makeHome({ config: "garbage" });
  const version = await home.run(["version", "--json"]);
  expect(document(version.stdout)).toMatchObject({ node: process.versions.node });
  const help = await home.run(["--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toMatch(/up .*down .*status .*send .*task .*conversation .*version /s);
  expect((await home.run(["task", "events", "--help"])).stdout).toContain("--follow");
});
