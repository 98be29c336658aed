import { describe, test } from "vitest";
import type { RunnerConformance } from "./runner-case.ts";
import { runnerCases } from "./suite.ts";

/** Registers the tests that every runner must pass. A case whose prompt is missing is shown as skipped. */
export function runnerConformance<O>(about: RunnerConformance<O>): void {
  describe(`${about.name} keeps the runner's contract`, () => {
    for (const { title, skipped, run } of runnerCases(about)) {
      test.skipIf(skipped !== undefined)(
        skipped === undefined ? title : `${title} (${skipped})`,
        { timeout: 60_000 },
        run,
      );
    }
  });
}
