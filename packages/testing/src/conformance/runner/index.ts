export { brokenInvariants } from "./invariants.ts";
export { processesWith, type MarkedProcess } from "./marked-processes.ts";
export { recordTurn, type RecordedTurn, type TurnRequest } from "./recorded-turn.ts";
export { runnerConformance } from "./runner-conformance.ts";
export { outputOf, runnerCases, sessionOf, textOf } from "./suite.ts";
export type { RunnerCase, RunnerConformance, RunnerPrompts } from "./suite.ts";
export { turnIo, type RecordedTurnIo, type TurnIoOptions } from "./turn-io.ts";
