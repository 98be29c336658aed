import { newId } from "../contract/clock.ts";
import type {
  Accepted,
  DeadLetterReason,
  MessageOutcome,
  NewDeadLetter,
  NewMessage,
  NewTask,
} from "../contract/intake.ts";
import type { Hint } from "../contract/log.ts";
import { isFinal, type Task } from "../contract/task.ts";
import { answerQuestion } from "./answering.ts";
import type { ConversationRow, MessageRow, TaskRow } from "./rows.ts";
import {
  deadLetterText,
  isSettled,
  maxRefused,
  mergedMetadata,
  nextHop,
  seenState,
} from "./rules.ts";
import { appendEvent, enqueue, questionOf, type TableContext } from "./table-context.ts";

/** What one message became, with what its record refers to. */
interface Outcome {
  readonly accepted: Accepted;
  readonly taskId: string | null;
  readonly aboutId: string | null;
}

/** One message while it is accepted. */
interface Accepting {
  readonly context: TableContext;
  readonly message: NewMessage;
  readonly hints: Hint[];
}

function insertDeadLetter({ context, message }: Accepting, letter: NewDeadLetter): Outcome {
  const { tables, clock } = context;
  const channel = message.from?.channel ?? null;
  const accepted = {
    result: "dead_letter",
    deadLetterId: letter.id,
    reason: letter.reason,
  } as const;
  const outcome = { accepted, taskId: null, aboutId: letter.id };
  if (letter.reason === "not_allowed" && channel !== null) {
    const load = tables.deadLetters.load(channel, letter.reason);
    if (load.count >= maxRefused.count || load.bytes + letter.payload.length > maxRefused.bytes) {
      tables.deadLetters.countOnly(channel, letter.reason);
      return outcome;
    }
  }
  tables.deadLetters.insert({
    ...letter,
    channel,
    messageId: message.dedupe?.key ?? null,
    taskId: null,
    at: clock.now(),
  });
  return outcome;
}

/** The conversation that a task belongs to, made if it has to be; undefined when it is not there or not the owner's. */
function conversationFor(context: TableContext, task: NewTask): ConversationRow | null | undefined {
  const { conversations } = context.tables;
  const { conversation: asked, owner } = task;
  if (asked === null) return null;
  if ("id" in asked) {
    const found = conversations.find(asked.id);
    return found?.owner === owner ? found : undefined;
  }
  const { newId: id, channel, workspace, key, keepsSession } = asked;
  const found = conversations.at({ channel, workspace, key }, owner);
  if (found !== undefined) return found;
  const now = context.clock.now();
  return conversations.insert({
    id,
    owner,
    channel,
    workspace,
    key,
    keepsSession,
    createdAt: now,
    lastActiveAt: now,
    hops: { count: 0, people: 0, lastTime: 0 },
  });
}

/** Counts a turn of an agent, or a person's message. @returns false when the agent is cut off */
function countHop(
  context: TableContext,
  task: NewTask,
  conversation: ConversationRow | null,
): boolean {
  const { conversations } = context.tables;
  const { channel, workspace } = task.provenance;
  if (task.hops === null) {
    if (channel !== null) conversations.countPerson(channel, workspace);
    return true;
  }
  if (conversation === null) return true;
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
  if (waitingText === null || conversationId === null) return;
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

function insertTask(accepting: Accepting, asked: NewTask): Outcome {
  const { context, message, hints } = accepting;
  const { tables, clock, random } = context;
  const conversation = conversationFor(context, asked);
  if (conversation === undefined)
    return { accepted: { result: "conversation_not_found" }, taskId: null, aboutId: null };
  if (!countHop(context, asked, conversation)) {
    const payload = deadLetterText(JSON.stringify(asked.input.payload));
    const detail = `More than ${asked.hops?.limit ?? 0} turns with this agent since a person last wrote.`;
    return insertDeadLetter(accepting, {
      id: newId("dead", random),
      reason: "hop_limit",
      detail,
      kind: asked.kind,
      ...payload,
    });
  }
  const conversationId = conversation?.id ?? null;
  const row = tables.tasks.insert({
    task: newTask(context, asked, conversationId),
    provenance: asked.provenance,
    rules: asked.rules,
    questions: asked.questions,
    destination: asked.destination,
    messageKey: message.dedupe?.key ?? null,
    acceptedTime: clock.steady(),
    isHead: conversationId === null || tables.tasks.countOpen(conversationId) === 0,
    isHeld: false,
    isLost: false,
    worker: null,
    leaseUntil: 0,
    restUntil: 0,
    hasBegun: false,
    process: null,
    suspension: null,
    questionId: null,
  });
  const { kind, runner, input, continues } = asked;
  const data = { kind, runner, prompt: input.prompt, ...(continues === null ? {} : { continues }) };
  appendEvent(context, row, { type: "task.created", data });
  if (conversationId !== null) {
    const at = clock.now();
    const current = tables.conversations.find(conversationId);
    if (current !== undefined) tables.conversations.update({ ...current, lastActiveAt: at });
    tables.conversations.addMessage(conversationId, {
      role: "user",
      text: input.prompt,
      taskId: row.task.id,
      at,
    });
  }
  tellWaiting(accepting, row, asked.waitingText);
  hints.push({ topic: "events", taskId: row.task.id }, { topic: "work" });
  return { accepted: { result: "task", task: row.task }, taskId: row.task.id, aboutId: null };
}

function note(accepting: Accepting, outcome: Extract<MessageOutcome, { type: "note" }>): Outcome {
  const { context, message, hints } = accepting;
  const sent = context.tables.outbox.deliveredReply(message.from?.channel ?? null, outcome.ref);
  const row = sent === undefined ? undefined : context.tables.tasks.find(sent.item.taskId);
  if (row === undefined) return carryOut(accepting, outcome.otherwise);
  const taskId = row.task.id;
  appendEvent(context, row, { type: "reply.noted", data: { text: outcome.text } });
  hints.push({ topic: "events", taskId });
  return { accepted: { result: "noted", taskId }, taskId: null, aboutId: taskId };
}

function carryOut(accepting: Accepting, outcome: MessageOutcome): Outcome {
  switch (outcome.type) {
    case "task":
      return insertTask(accepting, outcome.task);
    case "dead_letter":
      return insertDeadLetter(accepting, outcome.deadLetter);
    case "answer": {
      const { questionId, answer, otherwise } = outcome;
      const answered = answerQuestion(
        accepting.context,
        { questionId, answer, scope: { all: true } },
        accepting.hints,
      );
      if (answered?.accepted !== true) return insertTask(accepting, otherwise);
      const { taskId } = answered.question;
      return {
        accepted: { result: "answered", questionId, taskId },
        taskId: null,
        aboutId: taskId,
      };
    }
    case "note":
      return note(accepting, outcome);
    default:
      return outcome satisfies never;
  }
}

/** A message that is known stores nothing; a settled one is due for acknowledgement again. */
function recognise({ context, message, hints }: Accepting, known: MessageRow): Accepted {
  const { tables } = context;
  const row = known.taskId === null ? undefined : tables.tasks.find(known.taskId);
  const hash = message.dedupe?.hash ?? null;
  if (known.taskId !== null && row === undefined) return { result: "expired" };
  if (hash !== null && known.dedupe?.hash !== hash)
    return { result: "conflict", taskId: known.taskId ?? "" };
  const settled = isSettled(known, row);
  if (settled && known.from !== null && known.isAcknowledged) {
    tables.messages.update({ ...known, isAcknowledged: false });
    hints.push({ topic: "acks", channel: known.from.channel });
  }
  return { result: "known", task: row?.task ?? null, settled };
}

/** Accepts one message in the transaction that runs. */
export function acceptMessage(context: TableContext, message: NewMessage, hints: Hint[]): Accepted {
  const accepting = { context, message, hints };
  const { dedupe, from } = message;
  const known =
    dedupe === null ? undefined : context.tables.messages.known(dedupe.scope, dedupe.key);
  if (known !== undefined) return recognise(accepting, known);
  const { accepted, taskId, aboutId } = carryOut(accepting, message.outcome);
  if (accepted.result === "conversation_not_found") return accepted;
  if (dedupe !== null || from !== null)
    context.tables.messages.insert({ dedupe, from, taskId, aboutId, isAcknowledged: false });
  const isOpen = accepted.result === "task" && !isFinal(accepted.task.status);
  if (from !== null && !isOpen) hints.push({ topic: "acks", channel: from.channel });
  return accepted;
}
