import { Buffer } from "node:buffer";
import { newId } from "../contract/clock.ts";
import type { NewDeadLetter, NewTask } from "../contract/intake.ts";
import { type QuotaExceeded, quotaText } from "../contract/quota.ts";
import type { Task } from "../contract/task.ts";
import { type Accepting, insertDeadLetter, type Outcome, tellSender } from "./accepting.ts";
import { exceededQuota } from "./quotas.ts";
import type { ConversationRow, TaskRow } from "./rows.ts";
import { deadLetterText, mergedMetadata, nextHop, seenState } from "./rules.ts";
import {
  appendEvent,
  enqueue,
  hasDestination,
  questionOf,
  type TableContext,
} from "./table-context.ts";

/** The conversation that a task names, if it is there. */
function knownConversation(
  { tables }: TableContext,
  { conversation: asked, owner }: NewTask,
): ConversationRow | undefined {
  if (asked === null) return undefined;
  if (!("id" in asked)) return tables.conversations.at(asked, owner);
  const found = tables.conversations.find(asked.id);
  return found?.owner === owner ? found : undefined;
}

/** Makes the conversation that a task is the first of; null for a task without one. */
function newConversation(
  { tables, clock }: TableContext,
  { conversation: asked, owner }: NewTask,
): ConversationRow | null {
  if (asked === null || "id" in asked) return null;
  const { newId: id, channel, workspace, key, keepsSession } = asked;
  const now = clock.now();
  return tables.conversations.insert({
    id,
    owner,
    channel,
    workspace,
    key,
    keepsSession,
    createdAt: now,
    lastActiveAt: now,
    activeTime: clock.steady(),
    hops: { count: 0, people: 0, lastTime: 0 },
  });
}

/** Notes that a person wrote: the hop counts of that channel and workspace begin anew. */
export function countPerson({ tables }: TableContext, { provenance, hops }: NewTask): void {
  const { channel, workspace } = provenance;
  if (hops === null && channel !== null) tables.conversations.countPerson(channel, workspace);
}

/** Counts a turn of an agent. @returns false when the agent is cut off */
function countHop(
  context: TableContext,
  task: NewTask,
  conversation: ConversationRow | null,
): boolean {
  const { conversations } = context.tables;
  const { channel, workspace } = task.provenance;
  if (task.hops === null || conversation === null) return true;
  const now = { time: context.clock.steady(), people: conversations.people(channel, workspace) };
  const hops = nextHop(conversation, task.hops, now);
  if (hops !== undefined) conversations.update({ ...conversation, hops });
  return hops !== undefined;
}

function newTask(context: TableContext, asked: NewTask, conversationId: string | null): Task {
  return {
    id: asked.id,
    kind: asked.kind,
    runner: asked.runner,
    conversationId,
    owner: asked.owner,
    channel: asked.provenance.channel,
    status: "pending",
    attempt: 0,
    crashes: 0,
    input: asked.input,
    output: null,
    error: null,
    progress: 0,
    metadata: mergedMetadata({}, asked.metadata),
    reply: "none",
    cancelRequested: false,
    continues: asked.continues,
    usage: null,
    createdAt: context.clock.now(),
    startedAt: null,
    endedAt: null,
  };
}

/** Tells a person, once for each open question, that their message has to wait behind it. */
function tellWaiting(
  { context, hints }: Accepting,
  row: TaskRow,
  waitingText: string | null,
): void {
  const { tables, clock, random } = context;
  const { conversationId } = row.task;
  if (waitingText === null || conversationId === null || !hasDestination(row)) return;
  const head = tables.tasks.firstOpen(conversationId);
  if (head === undefined || head.task.id === row.task.id) return;
  const question = questionOf(context, head);
  if (
    question === undefined ||
    question.isWaitingTold ||
    seenState(question, head, clock.steady()) !== "open"
  )
    return;
  tables.questions.update({ ...question, isWaitingTold: true });
  enqueue(context, row, { id: newId("notice", random), type: "notice", text: waitingText });
  hints.push({ topic: "outbox" });
}

/** Adds what was said to the conversation. */
function addToConversation(context: TableContext, { task }: TaskRow): void {
  const { conversations } = context.tables;
  const { id: taskId, conversationId, input } = task;
  if (conversationId === null) return;
  const at = context.clock.now();
  // Counting its hops may have changed the row since it was found.
  const current = conversations.find(conversationId);
  if (current !== undefined)
    conversations.update({ ...current, lastActiveAt: at, activeTime: context.clock.steady() });
  conversations.addMessage(conversationId, { role: "user", text: input.prompt, taskId, at });
}

/** Puts a message aside that may not become a task. */
function refuse(
  accepting: Accepting,
  asked: NewTask,
  why: Pick<NewDeadLetter, "reason" | "detail">,
): Outcome {
  return insertDeadLetter(accepting, {
    id: newId("dead", accepting.context.random),
    ...why,
    kind: asked.kind,
    workspace: asked.provenance.workspace,
    ...deadLetterText(JSON.stringify(asked.input.payload)),
  });
}

/** A message of an agent that was cut off. */
function cutOff(accepting: Accepting, asked: NewTask): Outcome {
  const detail = `More than ${asked.hops?.limit ?? 0} turns with this agent since a person last wrote.`;
  return refuse(accepting, asked, { reason: "hop_limit", detail });
}

/** Tells a sender that their message was put aside. */
function tellRefusal(accepting: Accepting, { destination, rules }: NewTask, text: string): void {
  const { unknownReply } = rules;
  if (destination !== null) tellSender(accepting, { destination, text, unknownReply });
}

/** A task for which too much is open: a message is put aside, a direct caller is told. */
function overQuota(accepting: Accepting, asked: NewTask, exceeded: QuotaExceeded): Outcome {
  if (accepting.message.from === null)
    return { accepted: { result: "quota_exceeded", exceeded }, taskId: null, aboutId: null };
  if (asked.refusalText !== null) tellRefusal(accepting, asked, asked.refusalText);
  const detail = `The limit of ${exceeded.limit} ${quotaText(exceeded)} is reached.`;
  return refuse(accepting, asked, { reason: "quota_exceeded", detail });
}

function insertRow(
  { context, message }: Accepting,
  asked: NewTask,
  of: { readonly conversationId: string | null; readonly inputBytes: number },
): TaskRow {
  const { tables, clock } = context;
  const { conversationId, inputBytes } = of;
  return tables.tasks.insert({
    task: newTask(context, asked, conversationId),
    provenance: asked.provenance,
    rules: asked.rules,
    questions: asked.questions,
    destination: asked.destination,
    messageKey: message.dedupe?.key ?? null,
    acceptedTime: clock.steady(),
    inputBytes,
    isHead: conversationId === null || tables.tasks.countOpen(conversationId) === 0,
    isHeld: false,
    isLost: false,
    worker: null,
    leaseUntil: 0,
    restUntil: 0,
    hasBegun: false,
    isCharged: false,
    process: null,
    suspension: null,
    questionId: null,
    endedTime: null,
  });
}

/** Stores a task with its conversation and what is told of it. */
export function insertTask(accepting: Accepting, asked: NewTask): Outcome {
  const { context, hints } = accepting;
  const known = knownConversation(context, asked);
  if (known === undefined && asked.conversation !== null && "id" in asked.conversation)
    return { accepted: { result: "conversation_not_found" }, taskId: null, aboutId: null };
  const inputBytes = Buffer.byteLength(JSON.stringify(asked.input));
  const exceeded = exceededQuota(context, asked, { inputBytes, conversationId: known?.id ?? null });
  if (exceeded !== undefined) return overQuota(accepting, asked, exceeded);
  const conversation = known ?? newConversation(context, asked);
  if (!countHop(context, asked, conversation)) return cutOff(accepting, asked);
  countPerson(context, asked);
  const row = insertRow(accepting, asked, { conversationId: conversation?.id ?? null, inputBytes });
  const { kind, runner, input, continues } = asked;
  const data = { kind, runner, prompt: input.prompt, ...(continues === null ? {} : { continues }) };
  appendEvent(context, row, { type: "task.created", data });
  addToConversation(context, row);
  tellWaiting(accepting, row, asked.waitingText);
  hints.push({ topic: "events", taskId: row.task.id }, { topic: "work" });
  return { accepted: { result: "task", task: row.task }, taskId: row.task.id, aboutId: null };
}
