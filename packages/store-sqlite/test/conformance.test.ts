import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, type Store, systemRandom } from "@agent-bridge/core";
import { sqliteStore } from "@agent-bridge/store-sqlite";
import { storeConformance } from "@agent-bridge/testing/store-conformance";
import { afterEach, beforeEach } from "vitest";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "store-conformance-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (clock: Clock): Store =>
  sqliteStore({ path: join(folder, "bridge.db"), clock, random: systemRandom });

storeConformance({
  name: "sqliteStore",
  open,
  reopen: async (store, clock) => {
    await store[Symbol.asyncDispose]();
    return open(clock);
  },
});
