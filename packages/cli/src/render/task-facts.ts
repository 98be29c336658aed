import type { EventData, Question, Task } from "@agent-bridge/core";
import { formatDuration } from "./duration.ts";
import { plainLine, plainText } from "./plain-text.ts";
import { renderFacts } from "./table.ts";

/** A task's status in a word or two; a failed one with its code. */
export function taskState({ status, error, cancelRequested }: Task): string {
  if (error !== null) return error.code === "cancelled" ? "cancelled" : `failed: ${error.code}`;
  if (cancelRequested) return "cancelling";
  return status.replace("_", " ");
}

/** A task with what belongs to it. */
interface FoundTask {
  readonly task: Task;
  readonly questions: readonly Question[];
  /** Why its reply was given up; null where it was not. */
  readonly replyFailure: EventData["reply.failed"] | null;
}

function replyText({ task, replyFailure }: FoundTask): string {
  if (replyFailure === null) return task.reply;
  const { reason, deadLetterId } = replyFailure;
  const why = plainLine(reason, 500);
  return `${task.reply}: ${why} \`agent-bridge dead-letter retry ${deadLetterId}\` sends it again.`;
}

/** Everything of a task that a person asks for. */
export function renderTask(found: FoundTask, now: number): readonly string[] {
  const { task, questions } = found;
  const { createdAt, startedAt, endedAt, error, output, usage } = task;
  const took = startedAt === null ? "" : `, took ${formatDuration((endedAt ?? now) - startedAt)}`;
  const facts: (readonly [string, string])[] = [
    ["task", task.id],
    ["state", `${taskState(task)}${took}`],
    ["kind", task.kind],
    ["runner", task.runner],
    ["conversation", task.conversationId ?? "none"],
    ["owner", plainLine(task.owner)],
    ["made", `${new Date(createdAt).toISOString()} (${formatDuration(now - createdAt)} ago)`],
    ["attempt", `${task.attempt}${task.crashes > 0 ? `, ${task.crashes} crashes` : ""}`],
    ["reply", replyText(found)],
  ];
  if (task.continues !== null) facts.push(["continues", task.continues]);
  if (usage !== null) facts.push(["tokens", `${usage.inputTokens} in, ${usage.outputTokens} out`]);
  if (error !== null) facts.push(["error", plainLine(error.message, 1000)]);
  for (const { id, state, title } of questions) {
    facts.push(["question", `${id} (${state}): ${plainLine(title)}`]);
  }
  const answer = output === null ? [] : ["", "Answer:", plainText(output.output)];
  return [...renderFacts(facts), "", "Message:", plainText(task.input.prompt), ...answer];
}
