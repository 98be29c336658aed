/*
 * What the model keeps: plain records, changed in place.
 */

export interface Hold {
  readonly node: number;
  readonly boot: number;
  until: number;
}

export interface TaskModel {
  readonly number: number;
  readonly lane: number | null;
  readonly target: number | null;
  status: "pending" | "running" | "input_required" | "completed" | "failed";
  attempt: number;
  crashes: number;
  isCancelled: boolean;
  reply: string;
  hold: Hold | null;
  /** Its last attempt was forfeited. */
  isLost: boolean;
  restUntil: number;
  /** A suspended turn left its state, and none has asked since. */
  hasLeft: boolean;
  question: QuestionModel | null;
  /** Null while it is open. */
  endedTime: number | null;
  /** Retention has removed it. */
  isGone: boolean;
}

export interface QuestionModel {
  readonly number: number;
  readonly task: TaskModel;
  readonly attempt: number;
  readonly isLive: boolean;
  readonly deadline: number;
  state: "open" | "answered" | "expired" | "void";
}

export interface ItemModel {
  readonly text: string;
  readonly task: TaskModel;
  readonly isReply: boolean;
  state: "pending" | "sending" | "delivered" | "dead";
  by: Hold | null;
  waitUntil: number;
  unknown: boolean;
}

export interface MessageModel {
  readonly key: number;
  readonly place: number;
  readonly task: TaskModel;
  isAcknowledged: boolean;
}

export interface ClaimModel {
  readonly task: TaskModel;
  readonly attempt: number;
}

/** True for a task that stays as it is. */
export const hasEnded = ({ status }: TaskModel): boolean =>
  status === "completed" || status === "failed";

const settled: readonly string[] = ["none", "delivered", "dead"];

/** True when the task's message may be acknowledged. */
export const isSettled = (task: TaskModel): boolean =>
  hasEnded(task) && settled.includes(task.reply);

/** A question's state as its readers see it; null for none. */
export function seenState(question: QuestionModel | null, time: number): string | null {
  if (question === null || question.state !== "open") return question?.state ?? null;
  const { task, attempt, isLive, deadline } = question;
  if (isLive && (task.hold === null || task.attempt !== attempt)) return "void";
  return deadline <= time ? "expired" : "open";
}

/** Why a task's next attempt begins. */
export function causeOf({ attempt, hasLeft }: TaskModel, wasLost: boolean): string {
  if (attempt === 0) return "new";
  if (wasLost) return "recovered";
  return hasLeft ? "answered" : "released";
}
