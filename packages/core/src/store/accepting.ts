import { Buffer } from "node:buffer";
import { newId } from "../contract/clock.ts";
import type {
  Accepted,
  MessageOutcome,
  NewDeadLetter,
  NewMessage,
  SenderNotice,
} from "../contract/intake.ts";
import type { Hint } from "../contract/log.ts";
import { maxRefused, refusedReasons } from "./rules.ts";
import { enqueueAt, type TableContext } from "./table-context.ts";

/** What one message became, with what its record refers to. */
export interface Outcome {
  readonly accepted: Accepted;
  readonly taskId: string | null;
  readonly aboutId: string | null;
}

/** True for what was stored nowhere: a repeat under its key is a new message. */
export function isRefused({ result }: Accepted): boolean {
  return result === "conversation_not_found" || result === "quota_exceeded";
}

/** One message while it is accepted. */
export interface Accepting {
  readonly context: TableContext;
  readonly message: NewMessage;
  readonly hints: Hint[];
}

/** Makes a message a dead letter. Of what is refused, only so much is kept. */
export function insertDeadLetter({ context, message }: Accepting, letter: NewDeadLetter): Outcome {
  const { tables, clock } = context;
  const channel = message.from?.channel ?? null;
  const accepted = {
    result: "dead_letter",
    deadLetterId: letter.id,
    reason: letter.reason,
  } as const;
  const outcome = { accepted, taskId: null, aboutId: letter.id };
  if (refusedReasons.has(letter.reason) && channel !== null) {
    const bytes = Buffer.byteLength(letter.payload);
    const load = tables.deadLetters.load(channel, letter.reason);
    if (load.count >= maxRefused.count || load.bytes + bytes > maxRefused.bytes) {
      tables.deadLetters.countOnly(channel, letter.reason);
      return outcome;
    }
  }
  tables.deadLetters.insert({
    ...letter,
    channel,
    messageId: message.dedupe?.key ?? null,
    taskId: null,
    itemId: null,
    at: clock.now(),
    madeTime: clock.steady(),
  });
  return outcome;
}

/** Tells the sender of a message that it was put aside. */
export function tellSender({ context, message, hints }: Accepting, notice: SenderNotice): void {
  const channel = message.from?.channel;
  if (channel === undefined) return;
  const { destination, text, unknownReply } = notice;
  const to = { taskId: null, channel, destination, rules: { unknownReply } };
  enqueueAt(context, to, { id: newId("notice", context.random), type: "notice", text });
  hints.push({ topic: "outbox" });
}

/** Makes a message a dead letter, and tells its sender where that is said. */
export function putAside(
  accepting: Accepting,
  { deadLetter, notice }: Extract<MessageOutcome, { type: "dead_letter" }>,
): Outcome {
  if (notice !== undefined) tellSender(accepting, notice);
  return insertDeadLetter(accepting, deadLetter);
}
