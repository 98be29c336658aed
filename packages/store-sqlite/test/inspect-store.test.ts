import { readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { inspectStore, sqliteStore } from "../src/index.ts";
import { migrations } from "../src/migrations.ts";
import { temporaryPath } from "./fixtures/folders.ts";
import { directMessage } from "./fixtures/messages.ts";

const names = (path: string): readonly string[] => readdirSync(dirname(path)).toSorted();

test("a look tells the schema and the newest event, and leaves no file behind", async () => {
  const path = temporaryPath();
  expect(inspectStore(path)).toBeNull();
  expect(names(path)).toEqual([]);
  await using store = sqliteStore({ path });
  const known = { schema: migrations.length, knownSchema: migrations.length };
  expect(inspectStore(path)).toMatchObject({ ...known, lastEventAt: null });
  const before = Date.now();
  await store.intake.accept({ messages: [directMessage()] });
  const open = names(path);
  expect(inspectStore(path)?.lastEventAt).toBeGreaterThanOrEqual(before);
  expect(names(path)).toEqual(open);
  await store[Symbol.asyncDispose]();
  const closed = names(path);
  expect(inspectStore(path)).toMatchObject({ ...known, lastEventAt: expect.any(Number) });
  expect(names(path)).toEqual(closed);
});

test("what can not be used is told by its code", async () => {
  const path = temporaryPath();
  await sqliteStore({ path })[Symbol.asyncDispose]();
  const database = new DatabaseSync(path);
  database.exec("PRAGMA user_version = 9999");
  database.close();
  expect(() => inspectStore(path)).toThrow(expect.objectContaining({ code: "STORE_SCHEMA_NEWER" }));
  writeFileSync(path, "no database ".repeat(50));
  expect(() => inspectStore(path)).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
});
