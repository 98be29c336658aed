import { describe, test } from "vitest";
import type { RunnerConformance } from "./runner-case.ts";
import { runnerCases } from "./suite.ts";

/** Registers the tests that every runner must pass. A case whose prompt is missing is shown as skipped. */
export function runnerConformance<O>(about: RunnerConformance<O>): void {
  describe(`${about.name} keeps the runner's contract`, () => {
    for (const one of runnerCases(about)) {
      const title = one.skipped === undefined ? one.title : `${one.title} (${one.skipped})`;
      // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- the cases expect, and name themselves
      test.skipIf(one.skipped !== undefined)(title, { timeout: caseMs }, () => one.run());
    }
  });
}

/** How long a case may take; a turn that hangs is found sooner. */
const caseMs = 60_000;
