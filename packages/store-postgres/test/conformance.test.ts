import { systemRandom } from "@agent-bridge/core";
import { postgresStore } from "@agent-bridge/store-postgres";
import { storeConformance } from "@agent-bridge/testing/store-conformance";
import { afterAll, afterEach, inject } from "vitest";
import { dropSchema, emptySchema, schemaName } from "./fixtures/schemas.ts";

const schema = schemaName();
afterEach(async () => await emptySchema(schema));
afterAll(async () => await dropSchema(schema));

storeConformance({
  name: "postgresStore",
  open: async (clock) =>
    await postgresStore({ url: inject("postgresUrl"), schema, clock, random: systemRandom }),
});
