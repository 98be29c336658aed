import type { Accepted, MessageOutcome, NewMessage } from "../contract/intake.ts";
import type { Hint } from "../contract/log.ts";
import { isFinal } from "../contract/task.ts";
import { type Accepting, isRefused, type Outcome, putAside } from "./accepting.ts";
import { answerQuestion } from "./answering.ts";
import { countPerson, insertTask } from "./new-task.ts";
import type { MessageRow } from "./rows.ts";
import { isSettled, mergedMetadata } from "./rules.ts";
import { appendEvent, type TableContext, taskOf } from "./table-context.ts";

/** Refuses what no store takes, before anything of its batch is changed. @throws BridgeError INPUT_TOO_LARGE */
export function checkOutcome(outcome: MessageOutcome): void {
  if (outcome.type === "task") mergedMetadata({}, outcome.task.metadata);
  if (outcome.type === "answer") mergedMetadata({}, outcome.otherwise.metadata);
  if (outcome.type === "note") checkOutcome(outcome.otherwise);
}

function note(accepting: Accepting, outcome: Extract<MessageOutcome, { type: "note" }>): Outcome {
  const { context, message, hints } = accepting;
  const sent = context.tables.outbox.deliveredReply(message.from?.channel ?? null, outcome.ref);
  const row = sent === undefined ? undefined : taskOf(context, sent);
  if (row === undefined) return carryOut(accepting, outcome.otherwise);
  const taskId = row.task.id;
  appendEvent(context, row, { type: "reply.noted", data: { text: outcome.text } });
  hints.push({ topic: "events", taskId });
  return { accepted: { result: "noted", taskId }, taskId: null, aboutId: taskId };
}

/** Makes a message what its outcome says, in the transaction that runs. */
export function carryOut(accepting: Accepting, outcome: MessageOutcome): Outcome {
  switch (outcome.type) {
    case "task":
      return insertTask(accepting, outcome.task);
    case "dead_letter":
      return putAside(accepting, outcome);
    case "answer": {
      const { questionId, answer, otherwise } = outcome;
      const answered = answerQuestion(
        accepting.context,
        { questionId, answer, scope: { all: true } },
        accepting.hints,
      );
      if (answered?.accepted !== true) return insertTask(accepting, otherwise);
      countPerson(accepting.context, otherwise);
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

/** A settled message that comes again is due for acknowledgement again, and a key that ages begins anew. */
function meetAgain({ context, hints }: Accepting, known: MessageRow): void {
  const isDue = known.from !== null && known.isAcknowledged;
  const agingTime = known.agingTime === null ? null : context.clock.steady();
  if (!isDue && agingTime === known.agingTime) return;
  const isAcknowledged = known.isAcknowledged && !isDue;
  context.tables.messages.update({ ...known, isAcknowledged, agingTime });
  if (known.from !== null) hints.push({ topic: "acks", channel: known.from.channel });
}

/** A message that is known makes nothing. */
function recognise(accepting: Accepting, known: MessageRow): Accepted {
  const { context, message } = accepting;
  const row = known.taskId === null ? undefined : context.tables.tasks.find(known.taskId);
  const hash = message.dedupe?.hash ?? null;
  const settled = isSettled(known, row);
  if (known.taskId !== null && row === undefined) {
    meetAgain(accepting, known);
    return { result: "expired" };
  }
  if (hash !== null && known.dedupe?.hash !== hash)
    return { result: "conflict", taskId: known.taskId ?? "" };
  if (settled) meetAgain(accepting, known);
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
  if (isRefused(accepted)) return accepted;
  if (dedupe !== null || from !== null)
    context.tables.messages.insert({
      dedupe,
      from,
      taskId,
      aboutId,
      isAcknowledged: false,
      agingTime: taskId === null ? context.clock.steady() : null,
    });
  const isOpen = accepted.result === "task" && !isFinal(accepted.task.status);
  if (from !== null && !isOpen) hints.push({ topic: "acks", channel: from.channel });
  return accepted;
}
