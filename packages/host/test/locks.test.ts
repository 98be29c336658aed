import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Channel } from "@agent-bridge/core";
import { expect, onTestFinished, test } from "vitest";
import { readHolder, takeLock, takeLockOrName, thisHolder } from "../src/exclusive-lock.ts";
import { lockInboxes } from "../src/inbox-locks.ts";
import { isLocked } from "../src/lock-file.ts";
import { ensurePrivateFolder } from "../src/private-files.ts";
import { isStateLocked, lockState } from "../src/state-lock.ts";
import { temporaryFolder, temporaryPaths } from "./temporary.ts";

const holder = thisHolder({ version: "1.2.3", stateFolder: "/s", what: "a test" });

/** A process that holds a lock until it is killed. */
async function holdInChild(path: string): Promise<{ pid: number; kill: () => Promise<void> }> {
  const module = new URL("../src/exclusive-lock.ts", import.meta.url).href;
  const code = `
    const { takeLock, thisHolder } = await import(${JSON.stringify(module)});
    const taken = takeLock(${JSON.stringify(path)}, thisHolder({ version: "9", stateFolder: "/theirs", what: "x" }));
    console.log("lock" in taken ? "held" : "refused");
    setInterval(() => taken, 1000);`;
  const child = spawn(
    process.execPath,
    ["--conditions=agent-bridge-source", "--input-type=module", "--eval", code],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  onTestFinished(kill);
  const [word] = (await once(child.stdout, "data")) as [Buffer];
  expect(word.toString()).toBe("held\n");
  return { pid: child.pid ?? 0, kill };
}

test("a lock has one holder, also within a process, and is free after it", () => {
  const path = join(temporaryFolder(), "lock.db");
  const first = takeLock(path, holder);
  expect(takeLock(path, holder)).toEqual({ heldBy: holder });
  expect(isLocked(path)).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  if ("lock" in first) first.lock[Symbol.dispose]();
  expect(isLocked(path)).toBe(false);
  expect(readHolder(path)).toBeUndefined();
});

test("S35 another process's lock is refused with its pid, and is free at once when it is killed", async () => {
  const path = join(temporaryFolder(), "lock.db");
  const child = await holdInChild(path);
  expect(takeLock(path, holder)).toMatchObject({ heldBy: { pid: child.pid, version: "9" } });
  await child.kill();
  const taken = takeLock(path, holder);
  expect("lock" in taken).toBe(true);
  if ("lock" in taken) taken.lock[Symbol.dispose]();
});

test("a lock whose file was removed or replaced is not held any more, and leaves the new one's holder alone", () => {
  const path = join(temporaryFolder(), "lock.db");
  const taken = takeLock(path, holder);
  if (!("lock" in taken)) throw new Error("not taken");
  expect(taken.lock.isHeld()).toBe(true);
  rmSync(path);
  expect(taken.lock.isHeld()).toBe(false);
  const next = takeLock(path, { ...holder, version: "2" });
  expect("lock" in next && next.lock.isHeld()).toBe(true);
  expect(taken.lock.isHeld()).toBe(false);
  taken.lock[Symbol.dispose]();
  expect(readHolder(path)).toMatchObject({ version: "2" });
  if ("lock" in next) next.lock[Symbol.dispose]();
});

test("S35 a holder that has not written its name yet is waited for, and a dead one's name not taken for it", async () => {
  const path = join(temporaryFolder(), "lock.db");
  const dead = spawnSync(process.execPath, ["--version"]).pid;
  const write = (pid: number): void =>
    writeFileSync(path.replace(/db$/, "json"), JSON.stringify({ ...holder, pid }));
  using database = new DatabaseSync(path);
  database.exec("BEGIN EXCLUSIVE");
  write(dead);
  const refused = takeLockOrName(path, holder);
  write(process.pid);
  expect(await refused).toEqual({ heldBy: { ...holder, pid: process.pid } });
});

test("a lock whose holder ends before it has told its name is taken", async () => {
  const path = join(temporaryFolder(), "lock.db");
  const database = new DatabaseSync(path);
  database.exec("BEGIN EXCLUSIVE");
  const taking = takeLockOrName(path, holder);
  database.close();
  const taken = await taking;
  expect("lock" in taken).toBe(true);
  if ("lock" in taken) taken.lock[Symbol.dispose]();
});

test("S35 a state folder in use is refused by name of its holder", async () => {
  const paths = temporaryPaths();
  ensurePrivateFolder(paths.stateFolder);
  expect(isStateLocked(paths)).toBe(false);
  expect(existsSync(paths.stateLock)).toBe(false);
  using _lock = await lockState(paths, "1.2.3");
  expect(isStateLocked(paths)).toBe(true);
  await expect(lockState(paths, "1.2.3")).rejects.toThrowError(
    expect.objectContaining({
      code: "STATE_LOCKED",
      message: expect.stringContaining(`process ${process.pid} (agent-bridge 1.2.3`),
    }),
  );
});

test("a file that is no lock is refused and left as it is", () => {
  const path = join(temporaryFolder(), "lock.db");
  const garbage = "this is not a database".repeat(100);
  writeFileSync(path, garbage, { mode: 0o600 });
  expect(() => takeLock(path, holder)).toThrowError(
    expect.objectContaining({ code: "STORE_CORRUPT" }),
  );
  expect(readFileSync(path, "utf8")).toBe(garbage);
});

const channel = (name: string, inboxId?: string): Channel => ({
  name,
  inbox: "log",
  deduplicates: () => false,
  ...(inboxId === undefined ? {} : { inboxId }),
});

test("S35 two channels of one configuration can not poll one inbox", async () => {
  const about = { paths: temporaryPaths(temporaryFolder(), "one"), version: "1" };
  const twice = [channel("first", "platform/ws-1"), channel("second", "platform/ws-1")];
  await expect(lockInboxes(twice, about)).rejects.toMatchObject({
    code: "INBOX_LOCKED",
    message: expect.stringMatching(/platform\/ws-1 .*"first".*"second"/) as string,
  });
});

test("S35 two homes can not poll one inbox, and those that were locked before the refusal are free again", async () => {
  const folder = temporaryFolder();
  const mine = { paths: temporaryPaths(folder, "mine"), version: "1" };
  const theirs = { paths: temporaryPaths(folder, "theirs"), version: "2" };
  const held = await lockInboxes([channel("theirs", "platform/ws-1"), channel("push")], theirs);
  await expect(
    lockInboxes([channel("other", "platform/ws-2"), channel("same", "platform/ws-1")], mine),
  ).rejects.toThrowError(
    expect.objectContaining({
      code: "INBOX_LOCKED",
      message: expect.stringMatching(/inbox platform\/ws-1 .*state folder .*theirs/),
    }),
  );
  using _free = await lockInboxes([channel("other", "platform/ws-2")], theirs);
  held[Symbol.dispose]();
  using _mine = await lockInboxes([channel("same", "platform/ws-1")], mine);
});
