import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Channel } from "@agent-bridge/core";
import { expect, onTestFinished, test } from "vitest";
import { isLocked, readHolder, takeLock, thisHolder } from "../src/exclusive-lock.ts";
import { lockInboxes } from "../src/inbox-locks.ts";
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
    ["--conditions=source", "--input-type=module", "--eval", code],
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

test("S35 a state folder in use is refused by name of its holder", () => {
  const paths = temporaryPaths();
  ensurePrivateFolder(paths.stateFolder);
  expect(isStateLocked(paths)).toBe(false);
  expect(existsSync(paths.stateLock)).toBe(false);
  using _lock = lockState(paths, "1.2.3");
  expect(isStateLocked(paths)).toBe(true);
  expect(() => lockState(paths, "1.2.3")).toThrowError(
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

test("S35 two homes can not poll one inbox, and those that were locked before the refusal are free again", () => {
  const folder = temporaryFolder();
  const mine = { paths: temporaryPaths(folder, "mine"), version: "1" };
  const theirs = { paths: temporaryPaths(folder, "theirs"), version: "2" };
  const held = lockInboxes([channel("theirs", "platform/ws-1"), channel("push")], theirs);
  expect(() =>
    lockInboxes([channel("other", "platform/ws-2"), channel("same", "platform/ws-1")], mine),
  ).toThrowError(
    expect.objectContaining({
      code: "INBOX_LOCKED",
      message: expect.stringMatching(/inbox platform\/ws-1 .*state folder .*theirs/),
    }),
  );
  using _free = lockInboxes([channel("other", "platform/ws-2")], theirs);
  held[Symbol.dispose]();
  using _mine = lockInboxes([channel("same", "platform/ws-1")], mine);
});
