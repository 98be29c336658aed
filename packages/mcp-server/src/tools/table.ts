import type { Handle } from "@agent-bridge/core";
import type { Tool } from "../tool.ts";
import { bridgeDescribe } from "./bridge-describe.ts";
import { deadLetterList, deadLetterRetry } from "./dead-letters.ts";
import { runnerPair } from "./runner-pair.ts";
import { taskCancel, taskReply, taskSend } from "./task-act.ts";
import { taskEvents, taskWait } from "./task-follow.ts";
import { taskGet, taskList } from "./task-read.ts";
import { taskResume } from "./task-resume.ts";
import { taskStart } from "./task-start.ts";

/** The tools of the bridge, in the order in which they are shown. None of them changes the configuration. */
export const toolTable: readonly Tool[] = [
  bridgeDescribe,
  taskStart,
  taskGet,
  taskList,
  taskWait,
  taskEvents,
  taskSend,
  taskReply,
  taskCancel,
  taskResume,
  deadLetterList,
  deadLetterRetry,
];

/** Their names. */
export const fixedNames: ReadonlySet<string> = new Set(toolTable.map(({ name }) => name));

/** The tools that a principal has: the bridge's own, then those of the runners that it may send prompts to. */
export function toolsFor(handle: Handle): readonly Tool[] {
  const pairs = handle.describe().runners.flatMap((runner) => runnerPair(runner));
  const all = [...toolTable, ...pairs.filter(({ name }) => !fixedNames.has(name))];
  return handle.principal.type === "run" ? all.filter(({ forRuns }) => forRuns) : all;
}

/** The tool of a name, where the principal has it. */
export function toolNamed(handle: Handle, name: string): Tool | undefined {
  const isRun = handle.principal.type === "run";
  const fixed = fixedNames.has(name) ? toolTable.find((tool) => tool.name === name) : undefined;
  if (fixed !== undefined) return isRun && !fixed.forRuns ? undefined : fixed;
  return toolsFor(handle).find((tool) => tool.name === name);
}
