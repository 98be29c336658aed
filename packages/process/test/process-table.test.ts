import { describe, expect, test } from "vitest";
import { linuxProcessTable } from "../src/linux-process-table.ts";
import { parseProcesses, psProcessTable } from "../src/ps-process-table.ts";
import { identityOf, newMark, newStateId, nextLine, startPuppet } from "./puppet.ts";

describe.for([
  ["/proc", linuxProcessTable],
  ["ps", psProcessTable],
] as const)("the table of %s", ([, table]) => {
  test("shows a child with its parent, group, start time and mark", async () => {
    const mark = newMark(newStateId());
    await using running = startPuppet(["say:ready", "stay"], { mark });
    await nextLine(running);
    const { pid } = identityOf(running);
    const { processes, problem } = await table.snapshot();
    expect(problem).toBeNull();
    expect(processes.get(pid)).toEqual({
      pid,
      parentPid: process.pid,
      groupId: pid,
      startTime: table.startTimeOf(pid),
      markText: `${mark.stateId}:${mark.taskId}:1`,
    });
  });

  test("knows a running process from one that has ended", async () => {
    const running = startPuppet(["say:ready", "stay"], { mark: newMark(newStateId()) });
    await nextLine(running);
    const { pid } = identityOf(running);
    const identity = { pid, startTime: table.startTimeOf(pid) ?? "none" };
    expect(table.isAlive(identity)).toBe(true);
    await running.stop();
    expect(table.isAlive(identity)).toBe(false);
    expect(table.startTimeOf(identity.pid)).toBeUndefined();
    expect((await table.snapshot()).processes.has(identity.pid)).toBe(false);
  });
});

test("a process with a recycled pid is another one", () => {
  const startTime = linuxProcessTable.startTimeOf(process.pid) ?? "none";
  expect(linuxProcessTable.isAlive({ pid: process.pid, startTime })).toBe(true);
  expect(linuxProcessTable.isAlive({ pid: process.pid, startTime: `${startTime}0` })).toBe(false);
});

test("what ps of macOS prints is read: names with blanks, zombies left out, marks only as a whole word", () => {
  const text = [
    "    1     0     1 Ss   Mon Nov 10 09:00:00 2025     /sbin/launchd",
    "  501     1   501 S    Mon Nov 10 09:01:02 2025     /opt/My Agent/agent --flag HOME=/Users/a AGENT_BRIDGE_RUN=s:t:2 TERM=xterm",
    "  502   501   501 S+   Tue Dec  2 10:11:12 2025     sh -c x NOT_AGENT_BRIDGE_RUN=s:t:2",
    "  503   501   501 Z    Mon Nov 10 09:01:02 2025     (node)",
    "something else",
    "",
  ].join("\n");
  expect([...parseProcesses(text).values()]).toEqual([
    {
      pid: 1,
      parentPid: 0,
      groupId: 1,
      startTime: "Mon Nov 10 09:00:00 2025",
      markText: undefined,
    },
    {
      pid: 501,
      parentPid: 1,
      groupId: 501,
      startTime: "Mon Nov 10 09:01:02 2025",
      markText: "s:t:2",
    },
    {
      pid: 502,
      parentPid: 501,
      groupId: 501,
      startTime: "Tue Dec 2 10:11:12 2025",
      markText: undefined,
    },
  ]);
});
