import {
  causeOf,
  hasEnded,
  isSettled,
  seenState,
  type ClaimModel,
  type Hold,
  type ItemModel,
  type MessageModel,
  type QuestionModel,
  type TaskModel,
} from "./model-records.ts";
import { holdMs, nodes, type Step, type StepOf, type Write } from "./steps.ts";

/*
 * What a store does, written a second time and as simply as it can be said: no transactions, no indexes,
 * everything in lists. Tasks, questions and items are numbered in the order in which they came.
 */

/** The model. Each method tells what the store must have answered. */
export class StoreModel {
  readonly tasks: TaskModel[] = [];
  /** The whole log: the task's number and the type. */
  readonly log: [number, string][] = [];
  #time = 0;
  readonly #boots = nodes.map(() => 0);
  readonly #messages: MessageModel[] = [];
  readonly #claims: ClaimModel[] = [];
  readonly #questions: QuestionModel[] = [];
  readonly #items: ItemModel[] = [];
  readonly #taken: { readonly item: ItemModel; readonly by: Hold }[] = [];

  play(step: Step): unknown {
    switch (step.do) {
      case "accept":
        return this.#accept(step);
      case "claim":
        return this.#claim(step);
      case "cancel":
        return picked(this.tasks, step.pick, (task) => this.#cancel(task));
      case "answer":
        return picked(this.#questions, step.pick, (question) => this.#answer(question));
      case "send":
        return this.#send(step.node);
      case "delivered":
      case "dead":
      case "postpone":
        return picked(this.#taken, step.pick, (taken) => this.#sent(taken, step));
      case "acknowledge":
        return this.#acknowledge(step.style);
      case "remove":
        return this.#remove(step.ms);
      case "restart":
        return this.#restart(step.node);
      case "pass":
        this.#time += step.ms;
        return "passed";
      default:
        return picked(this.#claims, step.pick, (claim) => this.#write(claim, step));
    }
  }

  #accept({ key, lane, target }: StepOf<"accept">): string {
    const known = this.#messages.find((message) => message.key === key);
    if (known !== undefined) {
      if (known.task.isGone) known.isAcknowledged = false;
      if (known.task.isGone) return "expired";
      if (!isSettled(known.task)) return `known ${known.task.number}`;
      known.isAcknowledged = false;
      return `known ${known.task.number} settled`;
    }
    const number = this.tasks.length;
    const task: TaskModel = {
      number,
      lane,
      target,
      status: "pending",
      attempt: 0,
      crashes: 0,
      isCancelled: false,
      reply: "none",
      hold: null,
      isLost: false,
      restUntil: 0,
      hasLeft: false,
      question: null,
      endedTime: null,
      isGone: false,
    };
    this.tasks.push(task);
    this.#messages.push({ key, place: number, task, isAcknowledged: false });
    this.#tell(task, "task.created");
    return `task ${number}`;
  }

  #claim({ node, limit }: StepOf<"claim">): readonly string[] {
    const claimable = this.tasks.filter((task) => this.#isClaimable(task)).slice(0, limit);
    return claimable.map((task) => {
      const wasLost = task.hold !== null || task.isLost;
      const cause = causeOf(task, wasLost);
      if (task.hasLeft) this.#close(task, "expired");
      task.attempt++;
      if (wasLost) task.crashes++;
      task.status = "running";
      task.isLost = false;
      task.hold = { node, boot: this.#boots[node] ?? 0, until: this.#time + holdMs };
      this.#tell(task, "task.started");
      this.#claims.push({ task, attempt: task.attempt });
      return `task ${task.number}, attempt ${task.attempt}, ${cause}`;
    });
  }

  #isClaimable(task: TaskModel): boolean {
    if (hasEnded(task)) return false;
    const { lane, number, hold, question } = task;
    const isBehind = this.tasks.some(
      (other) => lane !== null && other.lane === lane && other.number < number && !hasEnded(other),
    );
    if (isBehind) return false;
    if (hold !== null) return hold.until <= this.#time;
    if (task.isCancelled) return true;
    const isSuspended = task.status === "input_required" && task.hasLeft;
    if (!isSuspended) return task.restUntil <= this.#time;
    return question?.state !== "open" || question.deadline <= this.#time;
  }

  #write({ task, attempt }: ClaimModel, step: Write): unknown {
    const isOwn = task.hold !== null && task.attempt === attempt;
    if (step.do === "renew" && task.isGone) return [false, false, null];
    if (step.do === "renew") {
      if (isOwn && task.hold !== null) task.hold.until = this.#time + holdMs;
      const isAsked = task.question?.attempt === attempt;
      return [isOwn, task.isCancelled, isAsked ? seenState(task.question, this.#time) : null];
    }
    if (!isOwn) return "CLAIM_LOST";
    if (step.do === "append" || step.do === "finish") this.#tell(task, "turn.text");
    if (step.do === "ask") this.#ask(task, { isLive: true, ms: holdMs });
    if (step.do === "release") this.#giveBack(task, step.ms);
    if (step.do === "suspend" && task.isCancelled) this.#giveBack(task, 0);
    else if (step.do === "suspend") {
      this.#ask(task, { isLive: false, ms: step.ms });
      Object.assign(task, { hold: null, hasLeft: true });
    }
    if (step.do === "finish") this.#end(task, task.isCancelled ? "failed" : "completed");
    return task.status;
  }

  #giveBack(task: TaskModel, ms: number): void {
    Object.assign(task, { hold: null, status: "running", restUntil: this.#time + ms });
  }

  #ask(task: TaskModel, { isLive, ms }: { isLive: boolean; ms: number }): void {
    this.#close(task, "void");
    const number = this.#questions.length;
    const deadline = this.#time + ms;
    task.question = { number, task, attempt: task.attempt, isLive, deadline, state: "open" };
    this.#questions.push(task.question);
    Object.assign(task, { status: "input_required", hasLeft: false });
    this.#tell(task, "turn.question");
    this.#tell(task, "task.input_required");
    this.#queue(task, `question ${number}`, false);
  }

  /** Closes the question of a task, if it is open. */
  #close(task: TaskModel, state: "expired" | "void"): void {
    if (task.question?.state !== "open") return;
    task.question.state = state;
    this.#tell(task, "turn.answer");
  }

  #answer(question: QuestionModel): string | undefined {
    if (question.task.isGone) return undefined;
    const seen = seenState(question, this.#time);
    if (seen !== "open") return `${seen}`;
    question.state = "answered";
    this.#tell(question.task, "turn.answer");
    if (question.task.hold !== null) question.task.status = "running";
    return "accepted";
  }

  #cancel(task: TaskModel): string {
    if (hasEnded(task) || task.isCancelled) return "unchanged";
    task.isCancelled = true;
    this.#tell(task, "task.cancel_requested");
    if (task.hold === null) this.#end(task, "failed");
    return `changed ${task.status}`;
  }

  #end(task: TaskModel, status: "completed" | "failed"): void {
    this.#close(task, "void");
    Object.assign(task, { status, hold: null, isLost: false, endedTime: this.#time });
    this.#tell(task, `task.${status}`);
    if (task.target !== null) task.reply = "pending";
    this.#queue(task, `reply ${task.number}`, true);
  }

  #queue(task: TaskModel, text: string, isReply: boolean): void {
    if (task.target === null) return;
    const fresh = { state: "pending", by: null, waitUntil: 0, unknown: false } as const;
    this.#items.push({ text, task, isReply, ...fresh });
  }

  #send(node: number): readonly string[] {
    const isOpen = ({ state }: ItemModel): boolean => state === "pending" || state === "sending";
    const heads = this.#items.filter(
      (item) =>
        item === this.#items.find((one) => isOpen(one) && one.task.target === item.task.target),
    );
    const due = heads.filter(({ waitUntil }) => waitUntil <= this.#time);
    return due.map((item) => {
      item.unknown ||= item.state === "sending";
      const until = this.#time + holdMs;
      const by = { node, boot: this.#boots[node] ?? 0, until };
      Object.assign(item, { state: "sending", by, waitUntil: until });
      if (item.isReply) item.task.reply = "sending";
      this.#taken.push({ item, by });
      return `${item.text}${item.unknown ? " unknown" : ""}`;
    });
  }

  #sent(
    { item, by }: { readonly item: ItemModel; readonly by: Hold },
    step: StepOf<"delivered" | "dead" | "postpone">,
  ): string {
    const isOwn = item.state === "sending" && item.by?.node === by.node && item.by.boot === by.boot;
    if (!isOwn) return "told";
    item.state = step.do === "postpone" ? "pending" : step.do;
    item.by = null;
    if (step.do === "postpone") item.waitUntil = this.#time + step.ms;
    if (!item.isReply) return "told";
    item.task.reply = item.state;
    if (step.do === "delivered") this.#tell(item.task, "reply.delivered");
    if (step.do === "dead") this.#tell(item.task, "reply.failed");
    return "told";
  }

  #acknowledge(style: "log" | "queue"): readonly number[] {
    const open = this.#messages.filter(({ isAcknowledged }) => !isAcknowledged);
    const firstUnsettled = open.findIndex(({ task }) => !isSettled(task));
    const settled =
      style === "log"
        ? open.slice(0, firstUnsettled === -1 ? open.length : firstUnsettled)
        : open.filter(({ task }) => isSettled(task));
    for (const message of settled) message.isAcknowledged = true;
    const places = settled.map(({ place }) => place);
    return style === "log" ? places.slice(-1) : places;
  }

  /** What was a dead letter, or is on its way, keeps its task. */
  #remove(ms: number): string {
    const isKept = (task: TaskModel): boolean =>
      this.#items.some((item) => item.task === task && item.state !== "delivered") ||
      this.#messages.some((message) => message.task === task && !message.isAcknowledged);
    for (const task of this.tasks) {
      const isOld = task.endedTime !== null && task.endedTime <= this.#time - ms;
      if (isOld && isSettled(task) && !isKept(task)) task.isGone = true;
    }
    return "removed";
  }

  #restart(node: number): number {
    this.#boots[node] = (this.#boots[node] ?? 0) + 1;
    const lost = this.tasks.filter(({ hold }) => hold?.node === node);
    for (const task of lost) Object.assign(task, { hold: null, isLost: true });
    for (const item of this.#items)
      if (item.state === "sending" && item.by?.node === node) item.waitUntil = this.#time;
    return lost.length;
  }

  #tell({ number }: TaskModel, type: string): void {
    this.log.push([number, type]);
  }
}

/** What a step does with the thing that its number picks; "nothing" as long as there is none. */
function picked<T>(things: readonly T[], pick: number, use: (thing: T) => unknown): unknown {
  const thing = things[pick % Math.max(1, things.length)];
  return thing === undefined ? "nothing" : use(thing);
}
