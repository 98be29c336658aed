import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { document, documents, isRunning, makeHome, workingConfig } from "./home.ts";

const withInbox = {
  ...workingConfig,
  plugins: { "scripted-plugin": { inboxId: "platform/workspace-1" } },
};

test("up runs in front until it is asked to stop, and then ends with 0", async () => {
  const home = makeHome();
  const daemon = await home.up();
  expect(daemon.stdout()).toContain(`is up (pid ${daemon.child.pid})`);
  daemon.child.kill("SIGTERM");
  expect(await daemon.ended).toMatchObject({ code: 0 });
  expect(existsSync(join(home.state, "daemon.sock"))).toBe(false);
  expect(existsSync(join(home.state, "lock.json"))).toBe(false);
});

test("what it makes in its state folder is the user's alone", async () => {
  const home = makeHome();
  await home.up();
  expect(statSync(home.folder).mode & 0o777).toBe(0o700);
  expect(statSync(home.state).mode & 0o777).toBe(0o700);
  expect(statSync(home.configFile).mode & 0o777).toBe(0o600);
  const files = ["bridge.db", "lock.db", "lock.json", "identity.json", "socket.key", "daemon.sock"];
  for (const file of files) {
    expect([file, statSync(join(home.state, file)).mode & 0o777]).toEqual([file, 0o600]);
  }
});

test("all that it makes while it works is the user's alone, whatever the umask", async () => {
  const home = makeHome();
  home.writeConfig({ ...workingConfig, http: { port: 0 } });
  const before = process.umask(0);
  try {
    expect(await home.run(["up", "--detach"])).toMatchObject({ code: 0 });
    expect(await home.run(["send", "text x\nsay hello", "--follow"])).toMatchObject({ code: 0 });
  } finally {
    process.umask(before);
  }
  onTestFinished(async () => void (await home.run(["down"])));
  const entries = readdirSync(home.state, { recursive: true, withFileTypes: true });
  const modes = entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const mode = (statSync(path).mode & 0o777).toString(8);
    return { path, mode, wanted: entry.isDirectory() ? "700" : "600" };
  });
  expect(modes.filter(({ mode, wanted }) => mode !== wanted)).toEqual([]);
  const names = modes.map(({ path }) => path.slice(home.state.length + 1));
  for (const name of ["bridge.db-wal", "bridge.db-shm", "daemon.log", "daemon.out"])
    expect(names).toContain(name);
}, 60_000);

test("up --detach returns when the daemon is ready, down when it has ended", async () => {
  const home = makeHome();
  const { code, stdout } = await home.run(["up", "--detach", "--json"]);
  expect(code).toBe(0);
  const { pid, log } = document(stdout);
  onTestFinished(() => void (isRunning(pid) && process.kill(pid as number, "SIGKILL")));
  expect(statSync(log as string).mode & 0o777).toBe(0o600);
  const stat = readFileSync(`/proc/${pid as number}/stat`, "utf8")
    .split(") ")[1]
    ?.split(" ");
  // Fields of proc_pid_stat(5) behind the name: its session is its own.
  expect(Number(stat?.[3])).toBe(pid);
  const status = await home.run(["status", "--json"]);
  expect(document(status.stdout)).toMatchObject({ pid, stateFolder: home.state });
  const down = await home.run(["down", "--json"]);
  expect(document(down.stdout)).toEqual({ stopped: true, pid });
  await expect.poll(() => isRunning(pid)).toBe(false);
  for (const line of readFileSync(log as string, "utf8")
    .trim()
    .split("\n")) {
    expect(JSON.parse(line)).toHaveProperty("message");
  }
  expect(await home.run(["status"])).toMatchObject({ code: 4 });
});

test("a start in the background that fails is told by the one who asked, with its exit code", async () => {
  const home = makeHome({ config: { routs: [] } });
  const { code, stderr } = await home.run(["up", "--detach"]);
  expect(code).toBe(3);
  expect(stderr).toContain('Did you mean "routes"?');
});

test("S35 a second up on one state folder is refused and says who holds it", async () => {
  const home = makeHome();
  const first = await home.up();
  for (const args of [["up"], ["up", "--detach"]]) {
    const second = await home.run(args);
    expect(second.code).toBe(3);
    expect(second.stderr).toMatch(
      new RegExp(`in use by process ${first.child.pid} \\(agent-bridge .*STATE_LOCKED`),
    );
  }
  expect((await home.run(["status"])).code).toBe(0);
});

test("S35 a second home on one inbox is refused and says who holds it", async () => {
  const one = makeHome({ config: withInbox });
  const two = makeHome({ config: withInbox, beside: one });
  const first = await one.up();
  const second = await two.run(["up"]);
  expect(second.code).toBe(3);
  expect(second.stderr).toMatch(/inbox platform\/workspace-1 is already polled by/);
  expect(second.stderr).toContain(`process ${first.child.pid}`);
  expect(second.stderr).toContain("INBOX_LOCKED");
  first.child.kill("SIGTERM");
  await first.ended;
  await two.up();
});

test("after kill -9 the next up works at once, on the same store", async () => {
  const home = makeHome();
  const first = await home.up();
  const { stdout } = await home.run(["send", "say hello", "--follow"]);
  expect(stdout).toBe("hello\n");
  first.child.kill("SIGKILL");
  await first.ended;
  expect(existsSync(join(home.state, "daemon.sock"))).toBe(true);
  expect(await home.run(["status"])).toMatchObject({ code: 4 });
  await home.up();
  const list = document((await home.run(["task", "list", "--json"])).stdout);
  expect(list["tasks"]).toMatchObject([{ status: "completed", input: { prompt: "say hello" } }]);
});

test("down gives running work back, and the next up goes on with it", async () => {
  const home = makeHome();
  const go = join(home.folder, "go");
  const first = await home.up();
  const { stdout } = await home.run(["send", `until ${go}\nsay done`]);
  const id = stdout.trim();
  const state = async (): Promise<unknown> =>
    document((await home.run(["task", "show", id, "--json"])).stdout)["task"];
  await expect.poll(state, { timeout: 10_000 }).toMatchObject({ status: "running" });
  expect(await home.run(["down"])).toMatchObject({ code: 0 });
  expect(await first.ended).toMatchObject({ code: 0 });
  writeFileSync(go, "");
  await home.up();
  const waited = await home.run(["task", "wait", id, "--timeout", "15", "--json"]);
  expect(document(waited.stdout)).toMatchObject({
    timedOut: false,
    tasks: [{ status: "completed", crashes: 0 }],
  });
});

test("S21 after kill -9 the next up ends the process that the run left behind", async () => {
  const home = makeHome();
  const first = await home.up();
  const file = join(home.folder, "pid");
  await home.run(["send", `orphan ${file}`]);
  await expect.poll(() => existsSync(file) && readFileSync(file, "utf8") !== "").toBe(true);
  const orphan = Number(readFileSync(file, "utf8"));
  onTestFinished(() => void (isRunning(orphan) && process.kill(orphan, "SIGKILL")));
  first.child.kill("SIGKILL");
  await first.ended;
  expect(isRunning(orphan)).toBe(true);
  rmSync(file);
  await home.up();
  expect(isRunning(orphan)).toBe(false);
  const status = document((await home.run(["status", "--json"])).stdout);
  expect(status).toMatchObject({ bridge: { since: { orphansEnded: 1 } } });
});

test("an error that nobody catches is logged and ends the daemon with 1, and the work is safe", async () => {
  const home = makeHome();
  const daemon = await home.up();
  const { stdout } = await home.run(["send", "crash\nwait"]);
  expect(await daemon.ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("thrown where nobody catches it"),
  });
  await home.up(["--config", home.configFile]);
  const shown = await home.run(["task", "show", stdout.trim(), "--json"]);
  expect(document(shown.stdout)).toMatchObject({ task: { input: { prompt: "crash\nwait" } } });
});

test("a second signal ends it at once", async () => {
  const home = makeHome();
  const daemon = await home.up();
  daemon.child.kill("SIGINT");
  daemon.child.kill("SIGINT");
  const { code } = await daemon.ended;
  expect([0, 130]).toContain(code);
});

test("in front, what happens is shown a line each; with --json as documents", async () => {
  const home = makeHome();
  const daemon = await home.up(["--json"]);
  await home.run(["send", "tool ls\nsay hello", "--follow"]);
  await expect.poll(daemon.stdout).toContain("task.completed");
  const [ready, ...events] = documents(daemon.stdout());
  expect(ready).toMatchObject({ ready: { pid: daemon.child.pid, stateFolder: home.state } });
  expect(events.map(({ type }) => type)).toEqual(
    expect.arrayContaining(["task.created", "turn.tool_call", "task.completed"]),
  );
  daemon.child.kill("SIGTERM");
  await daemon.ended;
  const shown = await home.up();
  await home.run(["send", "tool ls\nsay hello", "--follow"]);
  await expect.poll(shown.stdout).toMatch(/task_\w+ tool {6}shell ls\n[^]*completed\n/);
});

test("--ephemeral keeps everything in memory; a store in memory without it is refused", async () => {
  const home = makeHome({ config: { ...workingConfig, store: { type: "memory" } } });
  const refused = await home.run(["up"]);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining("STORE_NOT_DURABLE") });
  await home.up(["--ephemeral"]);
  expect((await home.run(["send", "say hello", "--follow"])).stdout).toBe("hello\n");
  const status = document((await home.run(["status", "--json"])).stdout);
  expect(status).toMatchObject({ bridge: { durable: false } });
  expect(existsSync(join(home.state, "bridge.db"))).toBe(false);
});

test("S25 status shows a quarantined plugin with its reason, and the others work", async () => {
  const home = makeHome();
  const bad = join(home.folder, "bad-plugin.js");
  writeFileSync(bad, 'throw new Error("broken on purpose")');
  home.writeConfig({ ...workingConfig, plugins: { ...workingConfig.plugins, [bad]: {} } });
  await home.up();
  expect((await home.run(["send", "say hello", "--follow"])).stdout).toBe("hello\n");
  const { stdout } = await home.run(["status"]);
  expect(stdout).toMatch(/bad-plugin\.js +QUARANTINED: .*broken on purpose/);
  expect(stdout).toMatch(/plugin scripted-plugin +loaded, 0\.0\.1/);
});

test("an environment variable that a secret refers to is looked up, and its text is not logged", async () => {
  const home = makeHome();
  home.writeConfig({
    ...workingConfig,
    plugins: { "scripted-plugin": { problems: [{ $env: "PROBLEM" }] } },
  });
  expect(await home.run(["up"])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("PROBLEM, which is not set"),
  });
  const daemon = await home.up([], { env: { PROBLEM: "very-secret-text" } });
  await expect.poll(daemon.stderr, { timeout: 5_000 }).toContain("[secret]");
  expect(daemon.stderr()).not.toContain("very-secret-text");
});

test("a daemon's log is rotated while it runs, in front and behind, and holds no secret", async () => {
  const home = makeHome();
  const canary = "canary-4c1e-of-a-test";
  const config = {
    ...workingConfig,
    // Told at every start of a turn, since it is not ready.
    plugins: { "scripted-plugin": { problems: [{ $env: "CANARY" }, "x".repeat(30_000)] } },
    log: { maxBytes: 64 * 1024, files: 2 },
  };
  home.writeConfig(config);
  const path = join(home.state, "daemon.log");
  const env = { CANARY: canary };
  const fill = async (): Promise<void> => {
    await expect
      .poll(
        async () => {
          await home.run(["send", "say hello"]);
          return existsSync(`${path}.1`);
        },
        { timeout: 30_000 },
      )
      .toBe(true);
  };
  const daemon = await home.up([], { env });
  await fill();
  daemon.child.kill("SIGTERM");
  const { stderr } = await daemon.ended;
  rmSync(`${path}.1`);
  expect(await home.run(["up", "--detach"], { env })).toMatchObject({ code: 0 });
  await fill();
  expect(await home.run(["down"])).toMatchObject({ code: 0 });
  const files = readdirSync(home.state).filter((name) => name.startsWith("daemon.log"));
  expect(files.toSorted()).toEqual(["daemon.log", "daemon.log.1"]);
  const all = files.map((name) => readFileSync(join(home.state, name), "utf8")).join("");
  for (const name of files) {
    expect(statSync(join(home.state, name)).size).toBeLessThanOrEqual(64 * 1024);
    expect(statSync(join(home.state, name)).mode & 0o777).toBe(0o600);
  }
  expect(all).toContain("[secret]");
  expect(all + stderr + readFileSync(join(home.state, "daemon.out"), "utf8")).not.toContain(canary);
});
