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
  if (isRefused(accepted)) return accepted;
  if (dedupe !== null || from !== null)
    context.tables.messages.insert({ dedupe, from, taskId, aboutId, isAcknowledged: false });
  const isOpen = accepted.result === "task" && !isFinal(accepted.task.status);
  if (from !== null && !isOpen) hints.push({ topic: "acks", channel: from.channel });
  return accepted;
}
