import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { document, makeHome, workingConfig, type Home } from "./home.ts";

const letters = fileURLToPath(new URL("fixtures/letters-plugin/index.ts", import.meta.url));
const patient = { timeout: 15_000 };

/** Starts a task and waits until its runner works. */
async function runningTask(home: Home, prompt: string): Promise<string> {
  const id = (await home.run(["send", prompt])).stdout.trim();
  const status = async (): Promise<unknown> => (await shown(home, id))["status"];
  await expect.poll(status, patient).toBe("running");
  return id;
}

async function shown(home: Home, id: string): Promise<Record<string, unknown>> {
  const { stdout } = await home.run(["task", "show", id, "--json"]);
  return document(stdout)["task"] as Record<string, unknown>;
}

test("S04 a planned stop is no crash, however often it comes", async () => {
  const home = makeHome({ config: { ...workingConfig, limits: { crashes: 2 } } });
  const go = join(home.folder, "go");
  let daemon = await home.up();
  const id = await runningTask(home, `until ${go}\nsay done`);
  for (const signal of ["SIGTERM", "SIGINT", "SIGTERM"] as const) {
    daemon.child.kill(signal);
    expect(await daemon.ended).toMatchObject({ code: 0 });
    daemon = await home.up();
    await expect.poll(async () => (await shown(home, id))["status"], patient).toBe("running");
  }
  writeFileSync(go, "");
  const waited = await home.run(["task", "wait", id, "--timeout", "15", "--json"]);
  expect(document(waited.stdout)).toMatchObject({
    tasks: [{ status: "completed", crashes: 0, attempt: 4 }],
  });
}, 60_000);

test("S04 a reply that is under way at a stop is finished, and sent once", async () => {
  const home = makeHome();
  home.writeConfig({
    plugins: { ...workingConfig.plugins, [letters]: { folder: home.folder } },
    routes: [...workingConfig.routes, { kind: "letter", from: "*", runner: "scripted" }],
  });
  const file = (name: string): string => join(home.folder, name);
  const first = await home.up();
  appendFileSync(file("in"), "say hello\nsay again\n");
  await expect.poll(() => existsSync(file("sending")), patient).toBe(true);
  first.child.kill("SIGTERM");
  await expect.poll(first.stderr, patient).toContain("The daemon stops");
  writeFileSync(file("go"), "");
  expect(await first.ended).toMatchObject({ code: 0 });
  expect(readFileSync(file("out"), "utf8")).toBe("hello\n");
  await home.up();
  await expect.poll(() => readFileSync(file("out"), "utf8"), patient).toBe("hello\nagain\n");
  const { tasks } = document((await home.run(["task", "list", "--json"])).stdout);
  expect(tasks).toMatchObject([{ crashes: 0 }, { crashes: 0 }]);
}, 60_000);

test("a runner that does not end holds a stop up for its grace at most, and down tells what it waits for", async () => {
  const home = makeHome({ config: { ...workingConfig, limits: { turn: { graceMs: 2500 } } } });
  const daemon = await home.up();
  const id = await runningTask(home, "stubborn");
  const down = await home.run(["down"]);
  expect(down).toMatchObject({ code: 0, stdout: expect.stringContaining("has stopped") });
  expect(down.stderr).toContain("Waiting for the daemon to end: 1 task is given back.");
  expect(await daemon.ended).toMatchObject({ code: 0 });
  await home.up();
  expect(await shown(home, id)).toMatchObject({ crashes: 0 });
}, 60_000);

test("a second signal ends it at once with 130, and the next start takes the work over", async () => {
  const home = makeHome({ config: { ...workingConfig, limits: { turn: { graceMs: 60_000 } } } });
  const daemon = await home.up();
  const id = await runningTask(home, "stubborn");
  daemon.child.kill("SIGTERM");
  await expect.poll(daemon.stderr, patient).toContain("The daemon stops");
  daemon.child.kill("SIGTERM");
  expect(await daemon.ended).toMatchObject({ code: 130 });
  await home.up();
  await expect.poll(async () => await shown(home, id), patient).toMatchObject({ crashes: 1 });
}, 60_000);

test("S35 a daemon whose state folder is replaced says so and ends with 1, and the next works", async () => {
  const home = makeHome();
  const daemon = await home.up();
  renameSync(home.state, `${home.state}.old`);
  expect(await daemon.ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("The file of a lock was removed or replaced"),
  });
  await home.up();
  expect((await home.run(["send", "say hello", "--follow"])).stdout).toBe("hello\n");
}, 60_000);
