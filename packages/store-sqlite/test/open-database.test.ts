import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { applicationId } from "../src/file-header.ts";
import { sqliteStore } from "../src/index.ts";
import { temporaryFolder, temporaryPath } from "./fixtures/folders.ts";
import { all, claimed, directMessage, eventsOf, text } from "./fixtures/messages.ts";

/** Opening is refused with this code, and nothing in the folder has changed but for files that SQLite needs to look. */
function expectRefused(path: string, error: object): void {
  const contents = () =>
    readdirSync(dirname(path))
      .filter((name) => !name.endsWith("-shm"))
      .map((name) => [name, readFileSync(join(dirname(path), name)).toString("hex")] as const)
      .filter(([name, bytes]) => !(name.endsWith("-wal") && bytes === ""));
  const before = contents();
  let thrown: unknown;
  try {
    void sqliteStore({ path })[Symbol.asyncDispose]();
  } catch (caught) {
    thrown = caught;
  }
  expect(thrown).toMatchObject(error);
  expect(contents()).toEqual(before);
}

/** A store with contents, closed. */
async function filled(path: string): Promise<void> {
  await using store = sqliteStore({ path });
  const claims = await claimed(store, 20);
  for (const claim of claims) await store.work.append(claim, { events: [text("x".repeat(2_000))] });
}

test.each([
  ["text", "this is not a database\n".repeat(500)],
  ["a few bytes", "SQLite"],
  ["noise", String.fromCharCode(...Array.from({ length: 8_192 }, (_, index) => (index * 7) % 256))],
])("a file of garbage (%s) is refused with STORE_CORRUPT and left as it is", (_, content) => {
  const path = temporaryPath();
  writeFileSync(path, content, { mode: 0o644 });
  expectRefused(path, { code: "STORE_CORRUPT", data: { path } });
  expect(statSync(path).mode & 0o777).toBe(0o644);
});

test.each([1, 50, 99, 100, 512, 4_000, 4_096, 10_000, 65_536])(
  "a file that was cut to %i bytes is refused with STORE_CORRUPT and left as it is",
  async (bytes) => {
    const path = temporaryPath();
    await filled(path);
    truncateSync(path, bytes);
    expectRefused(path, { code: "STORE_CORRUPT" });
  },
);

test("a file that lost its last page is refused", async () => {
  const path = temporaryPath();
  await filled(path);
  truncateSync(path, statSync(path).size - 4_096);
  expectRefused(path, { code: "STORE_CORRUPT" });
});

test("an empty file is new; with the log of an older one beside it, it is refused", async () => {
  const path = temporaryPath();
  writeFileSync(path, "");
  await filled(path);
  const folder = temporaryFolder();
  const copy = join(folder, "bridge.db");
  {
    await using store = sqliteStore({ path });
    await store.intake.accept({ messages: [directMessage()] });
    copyFileSync(`${path}-wal`, `${copy}-wal`);
  }
  expectRefused(copy, { code: "STORE_CORRUPT" });
  writeFileSync(copy, "");
  expectRefused(copy, { code: "STORE_CORRUPT" });
});

test("a database of another program is refused and left as it is, also with a log of its own", () => {
  const path = temporaryPath();
  const foreign = new DatabaseSync(path);
  foreign.exec("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')");
  foreign.close();
  expectRefused(path, {
    code: "STORE_CORRUPT",
    message: expect.stringMatching(/another program/u),
  });
  const open = new DatabaseSync(path);
  open.exec("PRAGMA journal_mode = WAL; INSERT INTO notes VALUES ('more')");
  expectRefused(path, {
    code: "STORE_CORRUPT",
    message: expect.stringMatching(/another program/u),
  });
  open.close();
});

test("a newer schema is refused with STORE_SCHEMA_NEWER and left as it is", async () => {
  const path = temporaryPath();
  await filled(path);
  const db = new DatabaseSync(path);
  db.exec("PRAGMA user_version = 99");
  db.close();
  expectRefused(path, { code: "STORE_SCHEMA_NEWER", data: { path, found: 99 } });
});

test("what is wrong with a file whose log was not written back yet is found without writing it back", async () => {
  const path = temporaryPath();
  await filled(path);
  const copy = join(temporaryFolder(), "bridge.db");
  const db = new DatabaseSync(path);
  db.exec("PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 99");
  for (const end of ["", "-wal"]) copyFileSync(path + end, copy + end);
  db.close();
  expectRefused(copy, { code: "STORE_SCHEMA_NEWER", data: { found: 99 } });
});

test("a folder that does not exist, and a folder in the file's place, are STORE_FAILED", () => {
  const folder = temporaryFolder();
  const failed = { code: "STORE_FAILED" };
  expect(() => sqliteStore({ path: join(folder, "none", "bridge.db") })).toThrow(
    expect.objectContaining(failed),
  );
  expect(() => sqliteStore({ path: folder })).toThrow(expect.objectContaining(failed));
});

test("a page that was damaged shows itself as STORE_CORRUPT when it is read, not as missing data", async () => {
  const path = temporaryPath();
  await filled(path);
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4_096);
  writeFileSync(path, bytes);
  const look = async (): Promise<unknown> => {
    await using store = sqliteStore({ path });
    return await eventsOf(store);
  };
  await expect(look()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
});

/** Kills a process in the middle of a transaction whose pages were written to the file already. */
function killWithin(path: string, change: string): void {
  const script = `
    const { DatabaseSync } = require("node:sqlite");
    const db = new DatabaseSync(process.argv[1]);
    db.exec("PRAGMA cache_size = 1; BEGIN; ${change}");
    const insert = db.prepare("INSERT INTO a VALUES (zeroblob(20000))");
    for (let row = 0; row < 50; row++) insert.run();
    process.kill(process.pid, "SIGKILL");`;
  const { signal } = spawnSync(process.execPath, ["-e", script, path]);
  expect(signal).toBe("SIGKILL");
  expect(statSync(path).size).toBeGreaterThan(100_000);
  expect(statSync(`${path}-journal`).size).toBeGreaterThan(0);
}

test("a file whose making was cut off by a kill is made anew", async () => {
  const path = temporaryPath();
  killWithin(path, `PRAGMA application_id = ${applicationId}; CREATE TABLE a (b)`);
  await using store = sqliteStore({ path });
  await claimed(store, 1);
  expect(statSync(path).size).toBeLessThan(100_000);
});

test("a change of another program that was cut off is not undone by us", () => {
  const path = temporaryPath();
  const foreign = new DatabaseSync(path);
  foreign.exec("CREATE TABLE a (b)");
  foreign.close();
  killWithin(path, "CREATE TABLE c (d)");
  expectRefused(path, { code: "STORE_CORRUPT" });
});

test("files are made with mode 0600, and a looser one is tightened", async () => {
  const path = temporaryPath();
  const modes = () =>
    ["", "-wal", "-shm", "-ballast"].map((end) => statSync(path + end).mode & 0o777);
  const old = process.umask(0);
  try {
    await using store = sqliteStore({ path });
    await claimed(store, 1);
    expect(modes()).toEqual([0o600, 0o600, 0o600, 0o600]);
  } finally {
    process.umask(old);
  }
  execFileSync("chmod", ["644", path]);
  await using store = sqliteStore({ path });
  await claimed(store, 1);
  expect(modes()).toEqual([0o600, 0o600, 0o600, 0o600]);
});

test("the store's id and its cursors survive reopening", async () => {
  const path = temporaryPath();
  let id: string;
  let head: string;
  {
    await using store = sqliteStore({ path });
    await claimed(store, 3);
    ({ id } = store);
    head = await store.log.head();
    expect(id).toMatch(/^[a-z0-9]+$/u);
  }
  await using store = sqliteStore({ path });
  expect(store.id).toBe(id);
  expect(await store.log.head()).toBe(head);
  await store.intake.accept({ messages: [directMessage({ id: "later" })] });
  const { events } = await store.log.read({ scope: all, after: head, limit: 10 });
  expect(events.map(({ taskId }) => taskId)).toEqual(["later"]);
  await using other = sqliteStore({ path: temporaryPath() });
  expect(other.id).not.toBe(id);
});

test("freed pages can be given back", async () => {
  const path = temporaryPath();
  await filled(path);
  const db = new DatabaseSync(path);
  expect(db.prepare("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 });
  db.close();
});
