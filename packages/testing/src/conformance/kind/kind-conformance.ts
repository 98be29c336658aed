import { describe, test } from "vitest";
import { kindCases } from "./kind-cases.ts";
import type { KindConformance } from "./kind-cases.ts";

/** Registers the suite that every kind must pass. */
export function kindConformance<P>(about: KindConformance<P>): void {
  describe(`kind conformance: ${about.kind.name}`, () => {
    // oxlint-disable-next-line vitest/expect-expect -- the cases expect
    test.each([...kindCases(about)])("$title", ({ run }) => run());
  });
}
