export { brokenInvariants } from "./invariants.ts";
export { processesWith, type MarkedProcess } from "./marked-processes.ts";
export { recordTurn, type RecordedTurn, type TurnRequest } from "./recorded-turn.ts";
export { runnerConformance } from "./runner-conformance.ts";
export { outputOf, sessionOf, textOf } from "./runner-case.ts";
export type { RunnerCase, RunnerConformance, RunnerPrompts } from "./runner-case.ts";
export { runnerCases } from "./suite.ts";
export { turnIo, type RecordedTurnIo, type TurnIoOptions } from "./turn-io.ts";
