import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Store } from "@agent-bridge/core";
import { sqliteStore } from "../src/index.ts";
import { temporaryFolder, temporaryPath } from "./fixtures/folders.ts";
import {
  all,
  at,
  channelMessage,
  completed,
  directMessage,
  eventsOf,
  finishing,
  text,
  worker,
} from "./fixtures/messages.ts";

const full = { code: "STORE_FULL", retryable: true };
const large = { input: { payload: { text: "x".repeat(20_000) }, prompt: "large" } };

/** Six tasks under way, two of them with a reply on its way out. */
async function underWay(store: Store) {
  const messages = Array.from({ length: 6 }, (_, index) => channelMessage(`k${index}`));
  await store.intake.accept({ messages });
  const claims = await store.work.claim({ worker, runners: ["runner"], leaseMs: 60_000, limit: 6 });
  for (const claim of claims.slice(4)) await store.work.finish(claim, finishing("answer"));
  return claims;
}

/** Accepts large tasks until there is no room. @returns what was accepted */
async function fill(store: Store): Promise<string[]> {
  const accepted: string[] = [];
  const once = async (): Promise<void> => {
    for (let index = 0; index < 10_000; index++) {
      const [result] = await store.intake.accept({ messages: [directMessage(large)] });
      if (result?.result === "task") accepted.push(result.task.id);
    }
  };
  await expect(once()).rejects.toMatchObject(full);
  return accepted;
}

/** What has to be possible although new work is refused: look, append a little, finish, cancel, deliver. */
async function expectToGoOn(store: Store, claims: Awaited<ReturnType<typeof underWay>>) {
  const first = at(claims, 0);
  const second = at(claims, 1);
  const third = at(claims, 2);
  for (let index = 0; index < 5; index++)
    await store.work.append(first, { events: [text("still at it")] });
  await expect(store.work.finish(first, finishing("y".repeat(5_000)))).resolves.toMatchObject({
    status: "completed",
  });
  const cancel = { scope: all, by: "test", reason: null, ending: completed("") };
  await expect(
    store.intake.requestCancel({ taskId: second.taskId, ...cancel }),
  ).resolves.toMatchObject({ changed: true });
  await store.work.release(third);
  const due = at(await store.outbox.due(["chat"], 1), 0);
  expect(await store.outbox.sending([due.id], worker, 60_000)).toEqual([due.id]);
  await store.outbox.delivered(due.id, worker, { ref: null, repeated: false });
  expect(await store.queries.task(due.taskId ?? "", all)).toMatchObject({ reply: "delivered" });
  await expect(store.intake.accept({ messages: [directMessage(large)] })).rejects.toMatchObject(
    full,
  );
}

async function expectAll(store: Store, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    expect(await store.queries.task(id, all)).toMatchObject({ id });
    expect((await eventsOf(store, id))[0]).toMatchObject({ type: "task.created", seq: 1 });
  }
}

test("S34 in a limited file new work is refused first, what runs can end, and a higher limit lets all go on", async () => {
  const path = temporaryPath();
  let accepted: string[];
  {
    await using store = sqliteStore({ path, maxPages: 400 });
    const claims = await underWay(store);
    accepted = await fill(store);
    expect(accepted.length).toBeGreaterThan(10);
    await expectToGoOn(store, claims);
    // What runs may not take what its end needs.
    const flood = async (): Promise<void> => {
      for (let index = 0; index < 1_000; index++)
        await store.work.append(at(claims, 3), { events: [text("x".repeat(20_000))] });
    };
    await expect(flood()).rejects.toMatchObject(full);
    await store.work.finish(at(claims, 3), finishing("z".repeat(30_000)));
    await expectAll(store, accepted);
  }
  await using store = sqliteStore({ path, maxPages: 2_000 });
  await expectAll(store, accepted);
  await expect(store.intake.accept({ messages: [directMessage(large)] })).resolves.toHaveLength(1);
});

test("S34 a change that finds no room fails alone, not with its group", async () => {
  await using store = sqliteStore({ path: temporaryPath(), maxPages: 400 });
  const claims = await underWay(store);
  await fill(store);
  const [appended, refused, finished] = await Promise.allSettled([
    store.work.append(at(claims, 0), { events: [text("small")] }),
    store.intake.accept({ messages: [directMessage(large)] }),
    store.work.finish(at(claims, 1), finishing("done")),
  ]);
  expect(appended.status).toBe("fulfilled");
  expect(refused).toMatchObject({ status: "rejected", reason: full });
  expect(finished.status).toBe("fulfilled");
});

/** A disk of 16 MiB, or why there is none. */
function tinyDisk(): string | { readonly reason: string } {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return { reason: "only root on Linux can mount a file system of its own" };
  const folder = temporaryFolder();
  try {
    execFileSync("/bin/mount", ["-t", "tmpfs", "-o", "size=16m", "none", folder], {
      stdio: "pipe",
    });
  } catch (error) {
    return { reason: `no file system can be mounted here: ${String(error)}` };
  }
  onTestFinished(() => void execFileSync("/bin/umount", [folder]));
  return folder;
}

/** Leaves not one byte on the disk. */
function stuff(path: string): void {
  for (const size of [1024 * 1024, 4_096, 1]) {
    const piece = Buffer.alloc(size);
    for (;;) {
      try {
        appendFileSync(path, piece);
      } catch (error) {
        if ((error as { code?: string }).code !== "ENOSPC") throw error;
        break;
      }
    }
  }
}

test("S34 on a disk that is really full the ballast lets what runs go on and end, also after a restart", async (context) => {
  const disk = tinyDisk();
  if (typeof disk !== "string") return context.skip(disk.reason);
  const path = join(disk, "bridge.db");
  const ballastBytes = () => statSync(`${path}-ballast`, { throwIfNoEntry: false })?.size ?? 0;
  const stuffing = join(disk, "stuffing");
  let store = sqliteStore({ path });
  onTestFinished(async () => await store[Symbol.asyncDispose]());
  expect(ballastBytes()).toBe(4 * 1024 * 1024);
  const claims = await underWay(store);
  const [kept] = await store.intake.accept({ messages: [directMessage(large)] });
  const accepted = kept?.result === "task" ? [kept.task.id] : [];
  expect(accepted).toHaveLength(1);

  stuff(stuffing);
  accepted.push(...(await fill(store)));
  expect(ballastBytes()).toBe(4 * 1024 * 1024);
  // More than the log beside the file has room for: the ballast has to be given back.
  for (let index = 0; index < 20; index++)
    await store.work.append(at(claims, 3), { events: [text("x".repeat(20_000))] });
  expect(ballastBytes()).toBe(1024 * 1024);
  await expectToGoOn(store, claims);
  stuff(stuffing);
  await store.work.finish(at(claims, 3), finishing("z".repeat(200_000)));
  expect(ballastBytes()).toBe(0);
  await store[Symbol.asyncDispose]();

  // Opened again on the full disk: reads and ends go on, new work waits.
  store = sqliteStore({ path });
  await expectAll(store, accepted);
  await expect(store.intake.accept({ messages: [directMessage()] })).rejects.toMatchObject(full);
  expect(await store.queries.task(at(claims, 3).taskId, all)).toMatchObject({
    status: "completed",
  });

  rmSync(stuffing);
  await expect(store.intake.accept({ messages: [directMessage()] })).resolves.toHaveLength(1);
  expect(ballastBytes()).toBe(4 * 1024 * 1024);
});

test("a ballast that was cut is made whole when the store is opened", async () => {
  const path = temporaryPath();
  writeFileSync(`${path}-ballast`, "short", { mode: 0o600 });
  await using _ = sqliteStore({ path });
  expect(statSync(`${path}-ballast`).size).toBe(4 * 1024 * 1024);
});
