import { memoryTables, type Store } from "@agent-bridge/core";
import {
  runReopening,
  runStoreCase,
  type StoreCase,
  storeCases,
  type StoreConformance,
} from "@agent-bridge/testing/store-conformance";
import { describe, expect, test } from "vitest";
import { emptyTables, type Kept, type Variant, variantStore } from "./variant-store.ts";
import { wrongStores } from "./wrong-stores.ts";

const about = (variant: Variant): StoreConformance => ({
  name: "variant",
  open: (clock) => variantStore(clock, variant),
});

/** A store whose contents outlive it, with what becomes of them while it is closed. */
function reopened(meanwhile: (kept: Kept) => Kept): Required<StoreConformance> {
  const contents = new WeakMap<Store, Kept>();
  const open = (clock: Parameters<StoreConformance["open"]>[0], kept: Kept): Store => {
    const store = variantStore(clock, {}, kept);
    contents.set(store, kept);
    return store;
  };
  return {
    name: "reopened",
    open: (clock) => open(clock, emptyTables()),
    reopen: async (store, clock) => {
      await store[Symbol.asyncDispose]();
      return open(clock, meanwhile(contents.get(store) ?? emptyTables()));
    },
  };
}

/** The cases whose titles begin like this. */
function casesOf(beginnings: readonly string[]): readonly StoreCase[] {
  return beginnings.map((beginning) => {
    const found = storeCases.filter(({ title }) => title.startsWith(beginning));
    if (found[0] === undefined) throw new Error(`No case begins with "${beginning}".`);
    return found[0];
  });
}

describe("the conformance suite of stores", () => {
  test("no two cases have one title", () => {
    const titles = storeCases.map(({ title }) => title);
    expect(titles.filter((title, place) => titles.indexOf(title) !== place)).toEqual([]);
  });

  test.each([...storeCases])("an honest store passes: $title", async (storeCase) => {
    await expect(runStoreCase(about({}), storeCase)).resolves.toBeUndefined();
  });

  test.each([...wrongStores])("notices a store that $name", async ({ failing, ...variant }) => {
    for (const storeCase of casesOf(failing))
      await expect(
        runStoreCase(about(variant), storeCase),
        `the case "${storeCase.title}"`,
      ).rejects.toMatchObject({ name: "AssertionError" });
  });

  const kept = storeCases.filter(({ isLive }) => isLive !== true);
  test.each(kept)("an honest store that is opened again passes: $title", async (storeCase) => {
    await expect(
      runReopening(
        reopened((all) => all),
        storeCase,
      ),
    ).resolves.toBeUndefined();
  });

  const forgetful: Readonly<Record<string, [(kept: Kept) => Kept, string]>> = {
    "its named leases": [
      ({ storeId, tables }) => ({ storeId, tables: { ...tables, leases: memoryTables().leases } }),
      "a named lease has one holder",
    ],
    "what it has sent": [
      ({ storeId, tables }) => ({ storeId, tables: { ...tables, outbox: memoryTables().outbox } }),
      "a delivered reply is noted",
    ],
    "its questions": [
      ({ storeId, tables }) => ({
        storeId,
        tables: { ...tables, questions: memoryTables().questions },
      }),
      "S22 a suspended task holds no lease",
    ],
    "its id": [({ tables }) => ({ ...emptyTables(), tables }), "a task's seq counts from 1"],
  };
  test.each(Object.entries(forgetful))(
    "notices a store that forgets %s when it is closed",
    async (_, [meanwhile, title]) => {
      const [storeCase] = casesOf([title]);
      if (storeCase === undefined) throw new Error(title);
      await expect(runReopening(reopened(meanwhile), storeCase)).rejects.toMatchObject({
        name: "AssertionError",
      });
    },
  );
});
