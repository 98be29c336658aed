import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { BridgeError } from "../contract/errors.ts";
import type { Json, JsonObject } from "../contract/json.ts";
import { canonicalJson } from "../plain-data.ts";
import type { DeadLetterReason, NewDeadLetter } from "../contract/intake.ts";
import type { Owner, Scope } from "../contract/principal.ts";
import type { Question, QuestionState } from "../contract/question.ts";
import { isFinal, type ReplyState, type Task } from "../contract/task.ts";
import type { WorkerId } from "../contract/work.ts";
import type { ConversationRow, MessageRow, OutboxRow, QuestionRow, TaskRow } from "./rows.ts";

/*
 * For store authors: what the contract says of a row, as pure functions. `time` is the store's steady time.
 */

/** The largest metadata of a task, as JSON. */
export const maxMetadataBytes = 4 * 1024;
/** The most text of a dead letter that is kept. */
export const maxDeadLetterBytes = 256 * 1024;
/** How many messages of one channel that were refused for one of these reasons are kept; the rest is only counted. */
export const refusedReasons: ReadonlySet<DeadLetterReason> = new Set([
  "not_allowed",
  "quota_exceeded",
]);
export const maxRefused = { count: 1_000, bytes: 64 * 1024 * 1024 } as const;
/** The most rows of one page. */
export const maxPage = 1_000;
/** The most messages that `history` gives. */
export const maxHistory = 1_000;
/** The most events that one read looks at beyond those it returns, so that no read holds up the process. */
export const scanSpan = 4_096;

/** True for an open task whose turn has ended until its question is answered. */
export function isSuspended({ task, isHeld, suspension }: TaskRow): boolean {
  return task.status === "input_required" && !isHeld && suspension !== null;
}

/** True when a worker may claim the task now. A cancelled one waits for nothing. */
export function isClaimable(
  row: TaskRow,
  question: QuestionRow | undefined,
  time: number,
): boolean {
  if (isFinal(row.task.status) || !row.isHead) return false;
  if (row.isHeld) return row.leaseUntil <= time;
  if (row.task.cancelRequested) return true;
  if (!isSuspended(row)) return row.restUntil <= time;
  return question?.question.state !== "open" || question.deadline <= time;
}

/** True while an attempt owns the task: neither ended, nor given back, nor claimed by another. */
export function ownsTask(row: TaskRow | undefined, attempt: number): row is TaskRow {
  return row !== undefined && row.isHeld && row.task.attempt === attempt;
}

/**
 * A question's state as its readers see it: past its deadline it is expired, and a live one whose attempt
 * is gone is void, also before somebody has recorded it.
 */
export function seenState(
  question: QuestionRow,
  row: TaskRow | undefined,
  time: number,
): QuestionState {
  if (question.question.state !== "open") return question.question.state;
  if (question.question.mode === "live" && !ownsTask(row, question.attempt)) return "void";
  return question.deadline <= time ? "expired" : "open";
}

/** The question as its readers see it. */
export function seenQuestion(
  question: QuestionRow,
  row: TaskRow | undefined,
  time: number,
): Question {
  return { ...question.question, state: seenState(question, row, time) };
}

const settledReplies: readonly ReplyState[] = ["none", "delivered", "dead"];

/** True when nothing more will be done for the reply. */
export function isSettledReply(reply: ReplyState): boolean {
  return settledReplies.includes(reply);
}

/** True when nothing more will be done for the task's message. */
export function isTaskSettled(task: Task): boolean {
  return isFinal(task.status) && isSettledReply(task.reply);
}

/** True when the message may be acknowledged; `row` is the task that it made. */
export function isSettled(message: MessageRow, row: TaskRow | undefined): boolean {
  return message.taskId === null || row === undefined || isTaskSettled(row.task);
}

/** The hop count after one more turn, or undefined when the limit cuts it off. */
export function nextHop(
  conversation: ConversationRow,
  hops: { readonly limit: number; readonly quietMs: number },
  now: { readonly time: number; readonly people: number },
): ConversationRow["hops"] | undefined {
  const { hops: last } = conversation;
  const isFresh = last.people !== now.people || now.time - last.lastTime >= hops.quietMs;
  const count = (isFresh ? 0 : last.count) + 1;
  return count > hops.limit ? undefined : { count, people: now.people, lastTime: now.time };
}

/** True when an item of the outbox may be tried now. */
export function isSendable(row: OutboxRow, time: number): boolean {
  return (
    (row.state === "pending" || row.state === "sending") && row.isHead && row.waitUntil <= time
  );
}

export function isSameWorker(one: WorkerId | null, other: WorkerId): boolean {
  return one !== null && one.node === other.node && one.boot === other.boot;
}

/** True when `one` is of an earlier (or another) boot of the same node. */
export function isOtherBoot(one: WorkerId | null, worker: WorkerId): boolean {
  return one !== null && one.node === worker.node && one.boot !== worker.boot;
}

/** True when the scope holds what this owner has. */
export function isInScope(owner: Owner, scope: Scope): boolean {
  return "all" in scope || owner === scope.owner;
}

/** The owner that a scope is bound to; null for all. */
export function ownerIn(scope: Scope): Owner | null {
  return "all" in scope ? null : scope.owner;
}

/** The line of a destination: what is sent first in, first out. */
export function lineOf(channel: string, destination: Json): string {
  return `${JSON.stringify(channel)} ${canonicalJson(destination)}`;
}

/** Merges metadata by key. @throws BridgeError INPUT_TOO_LARGE over 4 KiB */
export function mergedMetadata(old: JsonObject, added: JsonObject): JsonObject {
  const merged = { ...old, ...added };
  const bytes = Buffer.byteLength(JSON.stringify(merged));
  if (bytes > maxMetadataBytes) {
    throw new BridgeError("INPUT_TOO_LARGE", {
      what: "metadata",
      bytes,
      limitBytes: maxMetadataBytes,
    });
  }
  return merged;
}

/** What a dead letter keeps of a text: at most 256 KiB of it, and the size and hash of the whole. */
export function deadLetterText(text: string): Pick<NewDeadLetter, "payload" | "bytes" | "sha256"> {
  const whole = Buffer.from(text);
  // A cut inside of a character leaves an incomplete one, which decoding in stream mode drops.
  const payload =
    whole.length <= maxDeadLetterBytes
      ? text
      : new TextDecoder().decode(whole.subarray(0, maxDeadLetterBytes), { stream: true });
  const sha256 = createHash("sha256").update(whole).digest("hex");
  return { payload, bytes: whole.length, sha256 };
}
