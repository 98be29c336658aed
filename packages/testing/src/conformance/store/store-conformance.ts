import { describe, expect, test } from "vitest";
import { manualClock } from "../../manual-clock.ts";
import type { StoreCase, StoreConformance } from "./about.ts";
import { storeBench } from "./bench.ts";
import { checkAgainstModel, modelRuns } from "./model/store-model-property.ts";
import { reopening } from "./reopening.ts";
import { storeCases } from "./store-cases.ts";

/** A slow store on a busy machine, with time to shorten a life that differs. */
const modelTimeoutMs = 300_000;

/** Runs one case on a store of its own, and disposes it. */
export async function runStoreCase(about: StoreConformance, { run }: StoreCase): Promise<void> {
  const clock = manualClock();
  await using store = await about.open(clock);
  await run(storeBench(store, clock));
}

/** Runs one case on a store that is closed and opened again before every call. */
export async function runReopening(
  { open, reopen }: Required<StoreConformance>,
  { run }: StoreCase,
): Promise<void> {
  const clock = manualClock();
  const first = await open(clock);
  await using store = reopening(first, async (current) => {
    const next = await reopen(current, clock);
    expect(next.id, "the id of the store that was opened again").toBe(first.id);
    return next;
  });
  await run(storeBench(store, clock));
}

/** Registers the suite that every store must pass. */
export function storeConformance(about: StoreConformance): void {
  describe(`store conformance: ${about.name}`, () => {
    // oxlint-disable-next-line vitest/expect-expect -- the cases expect
    test.each([...storeCases])("$title", async (storeCase) => {
      await runStoreCase(about, storeCase);
    });
    // oxlint-disable-next-line vitest/expect-expect -- the property expects
    test(
      `${modelRuns} random lives go as on the model`,
      { timeout: modelTimeoutMs },
      async () => await checkAgainstModel(about, { runs: modelRuns }),
    );
  });
  const { reopen } = about;
  if (reopen === undefined) return;
  describe(`store conformance: ${about.name}, closed and opened again before every call`, () => {
    // oxlint-disable-next-line vitest/expect-expect -- the cases expect
    test.each(storeCases.filter(({ isLive }) => isLive !== true))("$title", async (storeCase) => {
      await runReopening({ ...about, reopen }, storeCase);
    });
  });
}
