import type * as z from "zod";
import type { Attachment } from "./attachment.ts";
import type { Json } from "./json.ts";
import type { Answer, QuestionText } from "./question.ts";

/** Where a message came in: the channel instance and the local workspace; both empty for direct calls. */
export interface Arrival {
  readonly channel: string;
  readonly workspace: string;
}

/** What of a message is known without reading it. */
export interface Envelope {
  readonly sender: string | null;
  readonly destination: Json | null;
}

/**
 * What a message is. A kind is data and pure functions of the parsed payload, owned by one plugin.
 * Everything is evaluated once, when the message is accepted, and stored: later work, also after a
 * restart, needs no kind's code. A function that throws makes the message a dead letter.
 */
export interface Kind<P = unknown> {
  readonly name: string;
  readonly description: string;
  /** Parses the payload; what it does not accept becomes a dead letter. */
  readonly schema: z.ZodType<P>;
  /** Who sent it, as routes name senders; null when the platform does not say. Such a sender matches only `from: "*"`. */
  sender(payload: P, arrival: Arrival): string | null;
  /**
   * The key of its conversation within (channel, workspace), or null for a conversation of its own
   * that keeps no session.
   */
  conversation(payload: P, arrival: Arrival): string | null;
  /** The text that the runner gets. */
  prompt(payload: P): string;
  /** What the sender attached, at most 16: for the runner, apart from the text. What is no valid attachment is left to the prompt. */
  attachments?(payload: P): readonly Attachment[];
  /** Where the reply goes, as the channel's own plain data; null when no reply is sent. */
  destination(payload: P, arrival: Arrival): Json | null;
  /**
   * Who sent a payload that the schema may not take, as `sender` and `destination` say it of one that it takes:
   * for telling that it was put aside. Reads no deeper than it must, since the payload may be of any size and
   * shape. Null when it can not be told; without it nobody is.
   */
  envelope?(payload: Json, arrival: Arrival): Envelope | null;
  /** `ask`: a person reads the conversation and may be asked. `decline` (default): every question gets "no" at once. */
  readonly questions?: "ask" | "decline";
  /** Reads this message as the answer to the conversation's open question; null when it is none. */
  answer?(payload: P, question: QuestionText): Answer | null;
  /** True where the sender is an agent: its turns count as hops, and it is cut off at the hop limit. */
  readonly fromAgent?: boolean;
  /** The platform's reference of an earlier reply of ours that this message reports on; then it is noted there, without a run. */
  reportsOn?(payload: P): string | null;
}

/** Declares a kind. Only types the data; nothing happens. */
export function defineKind<P>(kind: Kind<P>): Kind<P> {
  return kind;
}
