import { BridgeError } from "../contract/errors.ts";
import type { MessageOutcome } from "../contract/intake.ts";
import type { Json } from "../contract/json.ts";
import type { DeadLetter } from "../contract/queries.ts";
import type { Engine } from "./engine.ts";
import { messageOf } from "./messages.ts";

const notHandled = (letter: DeadLetter, detail: string): BridgeError =>
  new BridgeError("INPUT_INVALID", { what: `The dead letter ${letter.id}`, detail });

function payloadOf(letter: DeadLetter): Json {
  if (Buffer.byteLength(letter.payload) < letter.bytes) {
    throw notHandled(
      letter,
      `only the first part of its ${letter.bytes} bytes was kept, so it can not be taken up.`,
    );
  }
  return JSON.parse(letter.payload) as Json;
}

const noLimits = { hops: null, quotas: [] };

/** A person decided that it goes on: neither the limit on hops nor a quota stops it again. */
function withoutLimits(outcome: MessageOutcome): MessageOutcome {
  switch (outcome.type) {
    case "task":
      return { ...outcome, task: { ...outcome.task, ...noLimits } };
    case "answer":
      return { ...outcome, otherwise: { ...outcome.otherwise, ...noLimits } };
    case "note":
      return { ...outcome, otherwise: withoutLimits(outcome.otherwise) };
    case "dead_letter":
      return outcome;
    default:
      return outcome satisfies never;
  }
}

/** What a message that was put aside is by the kinds and routes of now. @throws BridgeError INPUT_INVALID */
async function outcomeNow(engine: Engine, letter: DeadLetter): Promise<MessageOutcome> {
  const { outcome } = await messageOf(engine, letter.channel ?? "", {
    id: letter.messageId ?? letter.id,
    kind: letter.kind ?? "",
    workspace: letter.workspace,
    payload: payloadOf(letter),
    ack: null,
  });
  if (outcome.type === "dead_letter") throw notHandled(letter, outcome.deadLetter.detail);
  return withoutLimits(outcome);
}

const isReply = ({ reason }: DeadLetter): boolean => reason.startsWith("reply_");

/** Takes up a dead letter again. @throws BridgeError as `Handle.retryDeadLetter` says */
export async function retryDeadLetter(
  engine: Engine,
  letter: DeadLetter,
): Promise<{ readonly taskId: string | null }> {
  const { id: deadLetterId } = letter;
  const outcome = isReply(letter) ? null : await outcomeNow(engine, letter);
  const retried = await engine.store.intake.retryDeadLetter({ deadLetterId, outcome });
  switch (retried?.result) {
    case "queued":
    case "answered":
    case "noted":
      return { taskId: retried.taskId };
    case "task":
      return { taskId: retried.task.id };
    case undefined:
      // Somebody else took it up in the meantime.
      throw new BridgeError("DEAD_LETTER_NOT_FOUND", { deadLetterId });
    case "dead_letter":
    case "known":
    case "conflict":
    case "expired":
    case "conversation_not_found":
    case "quota_exceeded":
      throw notHandled(letter, `it became "${retried.result}".`);
    default:
      return retried satisfies never;
  }
}

/** Removes dead letters for good, with a line of the log for each. @returns those that were there */
export async function dropDeadLetters(
  engine: Engine,
  deadLetterIds: readonly string[],
): Promise<{ readonly dropped: readonly string[] }> {
  const dropped = await engine.store.intake.dropDeadLetters(deadLetterIds);
  for (const deadLetterId of dropped)
    engine.logger.info("A dead letter was dropped", { deadLetterId });
  return { dropped };
}
