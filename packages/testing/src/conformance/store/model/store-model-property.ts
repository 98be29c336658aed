import * as fc from "fast-check";
import { expect } from "vitest";
import { manualClock } from "../../../manual-clock.ts";
import type { StoreConformance } from "../about.ts";
import { type StoreBench, storeBench } from "../bench.ts";
import { PlayedStore } from "./played-store.ts";
import { lives, type Step } from "./steps.ts";
import { StoreModel } from "./store-model.ts";

/** How many lives a store leads when its suite runs. */
export const modelRuns = 500;

/** Leads one life on the store and on the model: every answer, every task and the whole log must be the same. */
async function lead(
  life: readonly Step[],
  of: { readonly bench: StoreBench; readonly name: string },
): Promise<void> {
  const model = new StoreModel();
  const played = new PlayedStore(of.bench, of.name);
  const begin = await of.bench.store.log.head();
  for (const [place, step] of life.entries()) {
    const expected = model.play(step);
    expect(await played.play(step), `step ${place + 1}, ${step.do}`).toEqual(expected);
  }
  expect(await played.tasks()).toEqual(
    model.tasks.map(({ isGone, status, attempt, crashes, isCancelled, reply }) =>
      isGone ? "gone" : { status, attempt, crashes, isCancelled, reply },
    ),
  );
  const seqs = new Map<number, number>();
  const numbered = model.log.map(([task, type]) => {
    const seq = (seqs.get(task) ?? 0) + 1;
    seqs.set(task, seq);
    return [task, seq, type];
  });
  const kept = numbered.filter(([task]) => model.tasks[Number(task)]?.isGone === false);
  expect(await played.log(begin)).toEqual(kept);
}

/**
 * Leads random lives on a store beside the model; a life that differs is shown as short as it can be made.
 * All lives share one store, each under a name of its own, so that they also run among what others left.
 */
export async function checkAgainstModel(
  about: StoreConformance,
  options: { readonly runs: number; readonly seed?: number },
): Promise<void> {
  const clock = manualClock();
  await using store = await about.open(clock);
  const bench = storeBench(store, clock);
  let count = 0;
  const { runs: numRuns, ...rest } = options;
  const property = fc.asyncProperty(lives, async (life) => {
    await lead(life, { bench, name: `life ${++count}` });
  });
  await fc.assert(property, { numRuns, ...rest });
}
