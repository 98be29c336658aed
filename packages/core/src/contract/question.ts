import type { Json, JsonObject } from "./json.ts";

/** What an agent wants to know before it goes on. */
export interface QuestionText {
  /** `approval` is answered by accept or decline; `input` by accept with content. */
  readonly type: "approval" | "input";
  /** One line for a person. */
  readonly title: string;
  /** The thing itself: the command, the diff, the form; shown as it is. */
  readonly details: JsonObject;
  /** SHA-256 (hex) of what is run on accept, so that an answer binds to exactly that. */
  readonly bindsTo?: string;
}

/**
 * How a question waits. `live`: inside the running turn, it dies with its process and is then void.
 * `suspended`: the turn has ended and the answer starts the next attempt; it survives a restart.
 */
export type QuestionMode = "live" | "suspended";

/** `expired` counts as "no"; `void` is a live question whose process is gone. */
export type QuestionState = "open" | "answered" | "expired" | "void";

/** A stored question. */
export interface Question extends QuestionText {
  readonly id: string;
  readonly taskId: string;
  readonly mode: QuestionMode;
  readonly state: QuestionState;
  readonly askedAt: number;
  /** Epoch milliseconds; after it the answer is "no". */
  readonly deadlineAt: number;
  readonly answer: Answer | null;
}

/** An answer to a question. `by` is set by the bridge. */
export interface Answer {
  readonly action: "accept" | "decline";
  /** The content that an `input` question asked for. */
  readonly content?: Json;
  readonly by?: string;
}
