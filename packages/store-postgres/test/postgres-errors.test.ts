import { BridgeError } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { toStoreError } from "../src/postgres-errors.ts";
import { directMessage } from "./fixtures/messages.ts";
import { openStore, sql, temporarySchema } from "./fixtures/schemas.ts";

/** Makes a function of the store's schema, which every change calls, fail like this. */
async function failing(schema: string, sqlState: string): Promise<void> {
  await sql(
    `CREATE OR REPLACE FUNCTION ${schema}.time_ms() RETURNS double precision LANGUAGE plpgsql VOLATILE
      AS $$ BEGIN RAISE EXCEPTION 'told by the test' USING ERRCODE = '${sqlState}'; END $$`,
  );
}

test.each([
  ["S34 a full disk", "53100", "STORE_FULL"],
  ["a server that shuts down", "57P01", "STORE_FAILED"],
  ["a failure of the server", "XX000", "STORE_FAILED"],
])(
  "%s is told by its own code, nothing is stored, and the store goes on afterwards",
  async (_, state, code) => {
    const schema = temporarySchema();
    const store = await openStore({ schema });
    await failing(schema, state);
    const refused = store.intake.accept({ messages: [directMessage({ id: "refused" })] });
    await expect(refused).rejects.toMatchObject({ code, retryable: true });
    await sql(
      `CREATE OR REPLACE FUNCTION ${schema}.time_ms() RETURNS double precision LANGUAGE sql VOLATILE
      AS 'SELECT extract(epoch FROM clock_timestamp())::double precision * 1000'`,
    );
    expect(await store.queries.task("refused", { all: true })).toBeUndefined();
    const [accepted] = await store.intake.accept({ messages: [directMessage({ id: "taken" })] });
    expect(accepted).toMatchObject({ result: "task", task: { id: "taken" } });
  },
);

test("what only one change of a group is to blame for fails that change alone", async () => {
  const store = await openStore({ schema: temporarySchema() });
  await store.intake.accept({ messages: [directMessage({ id: "there" })] });
  const results = await Promise.allSettled(
    ["one", "there", "two"].map(
      async (id) => await store.intake.accept({ messages: [directMessage({ id })] }),
    ),
  );
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("a bug is no failure of the store", () => {
  const bug = new TypeError("a bug");
  expect(toStoreError(bug)).toBe(bug);
  const known = new BridgeError("CLAIM_LOST", { taskId: "t", attempt: 1 });
  expect(toStoreError(known)).toBe(known);
});
