import type {
  Accepted,
  MessageOutcome,
  NewMessage,
  NewTask,
  Store,
  Task,
} from "@agent-bridge/core";
import type { StoredCall } from "./referee.ts";
import { Violation } from "./violation.ts";

const everything = { all: true } as const;

/** The task that an outcome would make. */
function taskIn(outcome: MessageOutcome): NewTask | undefined {
  switch (outcome.type) {
    case "task":
      return outcome.task;
    case "answer":
      return outcome.otherwise;
    case "note":
      return taskIn(outcome.otherwise);
    case "dead_letter":
      return undefined;
    default:
      return outcome satisfies never;
  }
}

/** Where a task belongs, whatever the store made of it: its conversation's own words. */
function laneOf({ conversation, owner }: NewTask): string | null {
  if (conversation === null || "id" in conversation) return null;
  const { channel, workspace, key } = conversation;
  return JSON.stringify([channel ?? owner, workspace, key]);
}

/** What became of every message: the record that nothing is lost, and nothing taken twice. */
export class Ledger {
  readonly #shared: Store;
  readonly #accepted = new Map<string, Accepted>();
  readonly #lanes = new Map<string, string>();
  readonly #tasksOfLane = new Map<string, string[]>();
  readonly #prompts = new Map<string, string>();
  readonly #keys = new Map<string, string>();
  /** Tasks in the order in which they were accepted. */
  readonly tasks: string[] = [];

  constructor(shared: Store) {
    this.#shared = shared;
  }

  promptOf(taskId: string): string | undefined {
    return this.#prompts.get(taskId);
  }

  /** How many messages became what. */
  get results(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { result } of this.#accepted.values()) counts[result] = (counts[result] ?? 0) + 1;
    return counts;
  }

  /** The tasks before this one in its conversation. */
  before(taskId: string): readonly string[] {
    const lane = this.#lanes.get(taskId);
    const all = lane === undefined ? [] : (this.#tasksOfLane.get(lane) ?? []);
    return all.slice(0, all.indexOf(taskId));
  }

  stored({ name, args, result }: StoredCall): void {
    if (name !== "intake.accept") return;
    const { messages } = args[0] as { messages: readonly NewMessage[] };
    for (const [index, accepted] of (result as readonly Accepted[]).entries()) {
      const message = messages[index];
      if (message !== undefined) this.#take(message, accepted);
    }
  }

  #take({ dedupe, outcome }: NewMessage, accepted: Accepted): void {
    const key = dedupe === null ? null : JSON.stringify([dedupe.scope, dedupe.key]);
    const isNew = accepted.result !== "known" && accepted.result !== "conflict";
    if (isNew && key !== null) {
      if (this.#accepted.has(key))
        throw new Violation("one key, one task", `${key} was taken again as ${accepted.result}`);
      if (accepted.result !== "conversation_not_found" && accepted.result !== "quota_exceeded")
        this.#accepted.set(key, accepted);
    }
    if (accepted.result === "known" && key !== null && !this.#accepted.has(key))
      throw new Violation("a message is only swallowed if it was accepted", key);
    if (accepted.result === "task") {
      const { task } = accepted;
      const made = taskIn(outcome);
      if (made === undefined) throw new TypeError("A dead letter can not become a task.");
      this.tasks.push(task.id);
      this.#prompts.set(task.id, task.input.prompt);
      const lane =
        laneOf(made) ?? (task.conversationId === null ? null : this.#laneOf(task.conversationId));
      if (lane !== null) {
        this.#lanes.set(task.id, lane);
        if (task.conversationId !== null) this.#keys.set(task.conversationId, lane);
        this.#tasksOfLane.set(lane, [...(this.#tasksOfLane.get(lane) ?? []), task.id]);
      }
    }
  }

  #laneOf(conversationId: string): string | null {
    return this.#keys.get(conversationId) ?? null;
  }

  #ofChannel(channel: string, id: string): Accepted | undefined {
    return this.#accepted.get(JSON.stringify([`channel:${channel}`, id]));
  }

  /** Looks at messages that a channel is asked to acknowledge. */
  async acknowledging(channel: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const accepted = this.#ofChannel(channel, id);
      if (accepted === undefined)
        throw new Violation("only what is settled is acknowledged", `${id} was never accepted`);
      if (accepted.result !== "task") continue;
      const task = await this.task(accepted.task.id);
      const isOpenReply = task.reply === "pending" || task.reply === "sending";
      if ((task.status !== "completed" && task.status !== "failed") || isOpenReply)
        throw new Violation(
          "only what is settled is acknowledged",
          `${id}, whose ${task.id} is ${task.status} with its reply ${task.reply}`,
        );
    }
  }

  async task(taskId: string): Promise<Task> {
    const task = await this.#shared.queries.task(taskId, everything);
    if (task === undefined) throw new Violation("nothing is lost", `${taskId} is gone`);
    return task;
  }

  /** Every message ended as exactly one of: replied, failed visibly, cancelled, dead-lettered (or was an answer). */
  async end(letters: readonly { channel: string; ids: readonly string[] }[]): Promise<void> {
    for (const { channel, ids } of letters)
      for (const id of ids)
        if (this.#ofChannel(channel, id) === undefined)
          throw new Violation("nothing is lost", `${id} of ${channel} was never accepted`);
    for (const taskId of this.tasks) {
      const task = await this.task(taskId);
      if (task.status !== "completed" && task.status !== "failed")
        throw new Violation("every message ends", `${taskId} is still ${task.status}`);
      if (task.reply === "pending" || task.reply === "sending")
        throw new Violation("every message ends", `the reply of ${taskId} is still ${task.reply}`);
      if (task.status === "failed" && task.error === null)
        throw new Violation("what fails fails visibly", `${taskId} failed without a word`);
    }
  }
}
