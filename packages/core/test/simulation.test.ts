import { describe, expect, test } from "vitest";
import { shortest } from "./simulation/shortest.ts";
import { type Plan, type Played, simulate } from "./simulation/simulation.ts";
import { wrongs } from "./simulation/wrongs.ts";

/** What is told of a play that broke a promise: enough to play it again. */
const told = ({ plan, violation, lines }: Played): string =>
  `seed ${plan.seed} broke "${violation?.promise}": ${violation?.detail}\n${lines.slice(-60).join("\n")}`;

/** Plays seeds until one breaks a promise. */
async function firstBroken(plans: Iterable<Plan>): Promise<Played | undefined> {
  for (const plan of plans) {
    const played = await simulate(plan);
    if (played.violation !== null) return played;
  }
  return undefined;
}

const seeds = (count: number): Plan[] => Array.from({ length: count }, (_, seed) => ({ seed }));

describe("the simulation", { timeout: 120_000 }, () => {
  test("S01 S02 S04 S07 S08 S09 S12 S15 S16 S30 S36 every promise holds in whatever goes wrong", async () => {
    const broken = await firstBroken(seeds(60));
    expect(broken === undefined ? "" : told(broken)).toBe("");
  });

  test("the same seed plays the same, another seed another play", async () => {
    for (const seed of [3, 1_000_003]) {
      const one = await simulate({ seed });
      const again = await simulate({ seed });
      const other = await simulate({ seed: seed + 1 });
      expect(again).toEqual(one);
      expect(other.traceHash).not.toBe(one.traceHash);
    }
  });

  test("what it plays is what it is for: crashes, interrupted sends, repeats, takeovers", async () => {
    const sums = { crashes: 0, interruptedSends: 0, repeatedReplies: 0, tasks: 0 };
    const wanted = new Set(["completed", "cancelled", "interrupted", "runner_failed", "timeout"]);
    for (const rare of ["answered", "dead_letter", "crash_loop"]) wanted.add(rare);
    const isEnough = (): boolean =>
      wanted.size === 0 &&
      sums.crashes > 10 &&
      sums.interruptedSends > 10 &&
      sums.repeatedReplies > 0 &&
      sums.tasks > 100;
    for (const plan of seeds(500)) {
      if (isEnough()) break;
      const { counts, lines, outcomes } = await simulate(plan);
      for (const outcome of Object.keys(outcomes)) wanted.delete(outcome);
      expect(lines.length).toBeGreaterThan(50);
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counts[name];
    }
    expect([...wanted]).toEqual([]);
    expect(sums.repeatedReplies).toBeLessThanOrEqual(sums.interruptedSends);
    expect(isEnough()).toBe(true);
  });

  test.each(wrongs)("$name is found within 300 seeds", async ({ make, promises }) => {
    const plans = (function* () {
      for (const plan of seeds(300)) yield { ...plan, wrong: make() };
    })();
    const broken = await firstBroken(plans);
    expect(promises).toContain(broken?.violation?.promise);
  });

  test("a play that broke a promise is made shorter, and is played again by what is told", async () => {
    const wrong = wrongs.find(({ name }) => name.includes("without lanes"))?.make();
    const broken = await firstBroken(
      seeds(100).map((plan) => ({ ...plan, ...(wrong === undefined ? {} : { wrong }) })),
    );
    if (broken === undefined) throw new Error("Nothing was found.");
    const short = await shortest(broken);
    expect(short.violation?.promise).toBe(broken.violation?.promise);
    expect(short.counts.steps).toBeLessThanOrEqual(broken.counts.steps);
    const again = await simulate(short.plan);
    expect(again.violation?.promise).toBe(short.violation?.promise);
  });
});
