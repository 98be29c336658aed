import { abortCases } from "./abort-cases.ts";
import { basicCases } from "./basic-cases.ts";
import { outputCases } from "./output-cases.ts";
import { questionCases } from "./question-cases.ts";
import type { RunnerCase, RunnerConformance } from "./runner-case.ts";
import { suspensionCases } from "./suspension-cases.ts";

/** The cases of the suite for one runner. `runnerConformance` registers them as tests. */
export function runnerCases<O>(about: RunnerConformance<O>): readonly RunnerCase[] {
  return [
    ...basicCases(about),
    ...outputCases(about),
    ...abortCases(about),
    ...questionCases(about),
    ...suspensionCases(about),
  ];
}
