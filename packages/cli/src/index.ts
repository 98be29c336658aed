export { exitCodeOf, exitCodes, type ExitCode } from "./exit-codes.ts";
export { renderActivity } from "./render/activity.ts";
export { renderEvent } from "./render/event-lines.ts";
export { paint, type Line, type Tone } from "./render/line.ts";
export { advance, describeProgress, noProgress, type Progress } from "./render/progress.ts";
