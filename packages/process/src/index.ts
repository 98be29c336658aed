export { captureProcess, type CapturedProcess, type CaptureOptions } from "./capture-process.ts";
export { allowedEnvironment, basicVariables, type EnvironmentRules } from "./environment.ts";
export {
  describeOutcome,
  type ChildExit,
  type ProcessIdentity,
  type ProcessOutcome,
  type StopCause,
} from "./outcome.ts";
export { defaultLimits, type ProcessLimits } from "./process-limits.ts";
export { formatMark, markVariable, parseMark, type ProcessMark } from "./process-mark.ts";
export type { FoundBy } from "./process-tree.ts";
export type { ProcessOptions, RunningProcess, WriteResult } from "./running-process.ts";
export { startProcess } from "./start-process.ts";
export {
  findMarked,
  sweep,
  type RecordedProcess,
  type SweepOptions,
  type SweepResult,
  type SweptProcess,
} from "./sweep.ts";
