import { expect, inject, test } from "vitest";
import { postgresStore } from "../src/index.ts";
import { migrations } from "../src/migrations.ts";
import { openStore, sql, temporarySchema } from "./fixtures/schemas.ts";

const open = async (schema: string) => await postgresStore({ url: inject("postgresUrl"), schema });

test("several that open a new schema at once make one store, whose id stays", async () => {
  const schema = temporarySchema();
  const stores = await Promise.all([1, 2, 3, 4].map(async () => await openStore({ schema })));
  const ids = new Set(stores.map(({ id }) => id));
  expect(ids.size).toBe(1);
  expect((await openStore({ schema })).id).toBe([...ids][0]);
  expect((await openStore({ schema: temporarySchema() })).id).not.toBe([...ids][0]);
});

test("a newer schema is refused and left as it is", async () => {
  const schema = temporarySchema();
  await openStore({ schema });
  await sql(`UPDATE ${schema}.meta SET value = '99' WHERE name = 'schema'`);
  await expect(open(schema)).rejects.toMatchObject({
    code: "STORE_SCHEMA_NEWER",
    data: { found: 99, known: migrations.length },
  });
  expect(await sql(`SELECT value FROM ${schema}.meta WHERE name = 'schema'`)).toEqual([
    { value: "99" },
  ]);
});

test("a schema of another program is refused and left as it is", async () => {
  const schema = temporarySchema();
  await sql(`CREATE SCHEMA ${schema}`);
  await sql(`CREATE TABLE ${schema}.theirs (id int)`);
  await expect(open(schema)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  expect(await sql("SELECT tablename FROM pg_tables WHERE schemaname = $1", [schema])).toEqual([
    { tablename: "theirs" },
  ]);
});

test("a name that is no plain one is refused, and a server that is not there is an error of its own", async () => {
  await expect(open('x"; DROP SCHEMA public')).rejects.toMatchObject({ code: "INPUT_INVALID" });
  const nobody = postgresStore({ url: "postgres://postgres@127.0.0.1:1/postgres" });
  await expect(nobody).rejects.toMatchObject({ code: "STORE_FAILED", retryable: true });
});

test("a closed store leaves no connection", async () => {
  const schema = temporarySchema();
  const store = await openStore({ schema });
  store.log.watch(() => undefined);
  await store.queries.stats();
  const count = async (): Promise<unknown> => {
    const text = "SELECT count(*)::int AS count FROM pg_stat_activity WHERE query LIKE $1";
    return (await sql(text, [`LISTEN "${store.id}"%`]))[0]?.["count"];
  };
  await expect.poll(count, { timeout: 20_000 }).toBe(1);
  await store[Symbol.asyncDispose]();
  await expect.poll(count, { timeout: 20_000 }).toBe(0);
});
