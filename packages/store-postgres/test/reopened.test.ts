import { type Clock, type Store, systemRandom } from "@agent-bridge/core";
import { postgresStore } from "@agent-bridge/store-postgres";
import { runReopening, storeCases } from "@agent-bridge/testing/store-conformance";
import { afterAll, afterEach, describe, inject, test } from "vitest";
import { dropSchema, emptySchema, schemaName } from "./fixtures/schemas.ts";

/* Beside `conformance.test.ts`, because the two take long and can run at once. */

const schema = schemaName();
afterEach(async () => await emptySchema(schema));
afterAll(async () => await dropSchema(schema));

const open = async (clock: Clock): Promise<Store> =>
  await postgresStore({ url: inject("postgresUrl"), schema, clock, random: systemRandom });

describe("store conformance: postgresStore, closed and opened again before every call", () => {
  test.each(storeCases.filter(({ isLive }) => isLive !== true))("$title", async (storeCase) => {
    const reopen = async (store: Store, clock: Clock): Promise<Store> => {
      await store[Symbol.asyncDispose]();
      return await open(clock);
    };
    await runReopening({ name: "postgresStore", open, reopen }, storeCase);
  });
});
