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
    const outcomes = new Set<string>();
    for (const plan of seeds(40)) {
      const { counts, lines, ...played } = await simulate(plan);
      for (const outcome of Object.keys(played.outcomes)) outcomes.add(outcome);
      expect(lines.length).toBeGreaterThan(50);
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counts[name];
    }
    const wanted = ["completed", "cancelled", "interrupted", "runner_failed", "timeout"];
    expect([...outcomes]).toEqual(expect.arrayContaining([...wanted, "answered", "dead_letter"]));
    expect(sums.crashes).toBeGreaterThan(10);
    expect(sums.interruptedSends).toBeGreaterThan(10);
    expect(sums.repeatedReplies).toBeGreaterThan(0);
    expect(sums.repeatedReplies).toBeLessThanOrEqual(sums.interruptedSends);
    expect(sums.tasks).toBeGreaterThan(100);
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
