import { checkAgainstModel } from "@agent-bridge/testing/store-conformance";
import { describe, expect, test } from "vitest";
import { type Variant, variantStore } from "./variant-store.ts";
import { wrongStores } from "./wrong-stores.ts";

const about = (variant: Variant) => ({
  name: "variant",
  open: (clock: Parameters<typeof variantStore>[0]) => variantStore(clock, variant),
});

/** What is wrong with these stores lies in what the model speaks of: accepting, claims, questions, replies. */
const inTheModel: readonly string[] = [
  "knows no message again",
  "ignores the lanes",
  "lets a stale attempt write",
  "renews a lease that another has claimed since",
  "counts a planned release as a crash",
  "leaves a gap in seq after a refused append",
  "stores the reply in a transaction after the one that ends the task",
  "lets an answer win over a cancel that came first",
  "sends to one destination side by side",
  "acknowledges a log beyond what is not settled",
];

describe("the model of a store", () => {
  test("an honest store leads every life as the model does", async () => {
    await expect(checkAgainstModel(about({}), { runs: 200 })).resolves.toBeUndefined();
  });

  test.each(inTheModel)("notices a store that %s, and shows a life that differs", async (name) => {
    const wrong = wrongStores.find((store) => store.name === name);
    if (wrong === undefined) throw new Error(`There is no wrong store that ${name}.`);
    const checked = checkAgainstModel(about(wrong), { runs: 500, seed: 7 });
    await expect(checked).rejects.toThrow(/Counterexample: \[\[\{"do":/);
  });
});
