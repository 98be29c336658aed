import { describeOutcome, type ProcessOutcome } from "@agent-bridge/process";
import { expect, test } from "vitest";

const tree = { endedCount: 0, survivors: [], problem: null };
const exit = { exitCode: null, exitSignal: "SIGKILL" as const };

const cases: readonly (readonly [ProcessOutcome, string])[] = [
  [{ type: "exited", exitCode: 3, ...tree }, "The process ended (exit=3)."],
  [{ type: "signalled", signal: "SIGSEGV", ...tree }, "The process was ended by SIGSEGV."],
  [{ type: "spawn_failed", code: "ENOENT", message: "Not found." }, "Not found."],
  [
    { type: "timed_out", which: "idle", limitMs: 5, ...exit, ...tree },
    "The process was ended: it was silent for 5 ms.",
  ],
  [
    { type: "timed_out", which: "total", limitMs: 5, ...exit, ...tree },
    "The process was ended: it ran longer than 5 ms.",
  ],
  [{ type: "aborted", reason: "cancelled", ...exit, ...tree }, "The process was ended: cancelled."],
  [
    { type: "aborted", reason: new Error("the lease was lost"), ...exit, ...tree },
    "The process was ended: the lease was lost.",
  ],
  [{ type: "aborted", reason: { a: 1 }, ...exit, ...tree }, "The process was ended: aborted."],
  [
    { type: "line_too_long", limitBytes: 9, ...exit, ...tree },
    "The process was ended: it wrote a line of more than 9 bytes.",
  ],
  [
    { type: "output_failed", code: "EIO", message: "read EIO", ...exit, ...tree },
    "The process was ended: its output could not be read (EIO).",
  ],
  [
    { type: "exited", exitCode: 0, ...tree, survivors: [{ pid: 7, startTime: "t" }] },
    "The process ended (exit=0). Still running: 7.",
  ],
];

test.for(cases)("%j reads: %s", ([outcome, text]) => {
  expect(describeOutcome(outcome)).toBe(text);
});
