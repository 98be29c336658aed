import { BridgeError } from "../contract/errors.ts";
import type { NewEvent, StartCause } from "../contract/event.ts";
import type { Hint } from "../contract/log.ts";
import type { Question } from "../contract/question.ts";
import type { Claim, ClaimNews, ClaimRef, NewQuestion, Work, WorkerId } from "../contract/work.ts";
import { endTask } from "./ending.ts";
import type { EventRow, TaskRow } from "./rows.ts";
import { isClaimable, isOtherBoot, ownsTask, seenQuestion } from "./rules.ts";
import { newId } from "../contract/clock.ts";
import {
  appendEvent,
  closeQuestion,
  enqueue,
  questionOf,
  type TableContext,
  toEvent,
} from "./table-context.ts";

/** The row of a claim that still owns its task. @throws BridgeError CLAIM_LOST */
function owned(context: TableContext, { taskId, attempt }: ClaimRef): TaskRow {
  const row = context.tables.tasks.find(taskId);
  if (!ownsTask(row, attempt)) throw new BridgeError("CLAIM_LOST", { taskId, attempt });
  return row;
}

function causeOf(row: TaskRow, wasLost: boolean): StartCause {
  if (row.task.attempt === 0) return "new";
  if (wasLost) return "recovered";
  return row.suspension === null ? "released" : "answered";
}

function claimRow(
  context: TableContext,
  row: TaskRow,
  of: { worker: WorkerId; leaseMs: number; hints: Hint[] },
): Claim {
  const { tables, clock } = context;
  const wasLost = row.isHeld || row.isLost;
  const cause = causeOf(row, wasLost);
  const question = questionOf(context, row);
  const { suspension } = row;
  if (suspension !== null) closeQuestion(context, row, { question, state: "expired" });
  const attempt = row.task.attempt + 1;
  const task = {
    ...row.task,
    status: "running" as const,
    attempt,
    crashes: row.task.crashes + (wasLost ? 1 : 0),
    startedAt: row.task.startedAt ?? clock.now(),
  };
  const claimed: TaskRow = {
    ...row,
    task,
    isHeld: true,
    isLost: false,
    worker: of.worker,
    leaseUntil: clock.steady() + of.leaseMs,
    process: null,
    suspension: null,
  };
  tables.tasks.update(claimed);
  appendEvent(context, claimed, { type: "task.started", data: { attempt, cause } });
  of.hints.push({ topic: "events", taskId: task.id });
  const isOpenLive = question?.question.state === "open" && question.question.mode === "live";
  const answer = question?.question.answer ?? { action: "decline" as const };
  return {
    taskId: task.id,
    attempt,
    worker: of.worker,
    task,
    cause,
    rules: row.rules,
    provenance: row.provenance,
    questions: row.questions,
    hasDestination: row.destination !== null,
    session:
      task.conversationId === null
        ? null
        : (tables.conversations.session(task.conversationId, task.runner) ?? null),
    begun: row.hasBegun,
    openQuestion: isOpenLive ? question.question : null,
    answered: suspension === null ? null : { answer, state: suspension.state },
  };
}

function claim(
  context: TableContext,
  request: Parameters<Work["claim"]>[0],
  hints: Hint[],
): readonly Claim[] {
  const time = context.clock.steady();
  const claimable: TaskRow[] = [];
  for (const runner of request.runners) {
    let found = 0;
    for (const row of context.tables.tasks.heads(runner)) {
      if (!isClaimable(row, questionOf(context, row), time)) continue;
      claimable.push(row);
      if (++found >= request.limit) break;
    }
  }
  return claimable
    .toSorted((a, b) => a.order - b.order)
    .slice(0, request.limit)
    .map((row) => claimRow(context, row, { ...request, hints }));
}

function newsOf(context: TableContext, { taskId, attempt }: ClaimRef): ClaimNews {
  const row = context.tables.tasks.find(taskId);
  const held = ownsTask(row, attempt);
  const question = row === undefined ? undefined : questionOf(context, row);
  const seen =
    question === undefined || question.attempt !== attempt
      ? null
      : seenQuestion(question, row, context.clock.steady());
  return {
    taskId,
    attempt,
    held,
    cancelRequested: row?.task.cancelRequested ?? false,
    question: seen,
  };
}

/** Stores a question; the task then waits for its answer. */
function ask(
  context: TableContext,
  row: TaskRow,
  of: { asked: NewQuestion; mode: Question["mode"]; hints: Hint[] },
): { row: TaskRow; events: EventRow[] } {
  const { tables, clock, random } = context;
  const { deadlineMs, text, id, ...content } = of.asked;
  const now = clock.now();
  const question: Question = {
    ...content,
    id,
    taskId: row.task.id,
    mode: of.mode,
    state: "open",
    askedAt: now,
    deadlineAt: now + deadlineMs,
    answer: null,
  };
  tables.questions.insert({
    question,
    attempt: row.task.attempt,
    deadline: clock.steady() + deadlineMs,
    isWaitingTold: false,
  });
  const events = [
    appendEvent(context, row, {
      type: "turn.question",
      data: { ...content, questionId: id, deadlineAt: question.deadlineAt },
    }),
    appendEvent(context, row, { type: "task.input_required", data: { questionId: id } }),
  ];
  if (text !== null) {
    enqueue(context, row, { id: newId("question", random), type: "question", text });
    of.hints.push({ topic: "outbox" });
  }
  return {
    row: { ...row, questionId: id, task: { ...row.task, status: "input_required" } },
    events,
  };
}

function append(
  context: TableContext,
  of: { ref: ClaimRef; write: Parameters<Work["append"]>[1] },
  hints: Hint[],
): readonly EventRow[] {
  const { tables } = context;
  const { write } = of;
  let row = owned(context, of.ref);
  const events = write.events.map((event: NewEvent) => appendEvent(context, row, event));
  const { conversationId, runner } = row.task;
  if (
    write.session !== undefined &&
    conversationId !== null &&
    tables.conversations.find(conversationId)?.keepsSession === true
  ) {
    tables.conversations.saveSession(conversationId, runner, write.session);
  }
  if (write.close !== undefined) {
    const question = tables.questions.find(write.close.questionId);
    if (question?.question.state === "open" && question.question.taskId === row.task.id) {
      closeQuestion(context, row, { question, state: write.close.state });
      row = { ...row, task: { ...row.task, status: "running" } };
    }
  }
  if (write.ask !== undefined) {
    const asked = ask(context, row, { asked: write.ask, mode: "live", hints });
    row = asked.row;
    events.push(...asked.events);
  }
  const { usage, progress, begins, process } = write;
  tables.tasks.update({
    ...row,
    task: {
      ...row.task,
      ...(usage === undefined ? {} : { usage }),
      ...(progress === undefined ? {} : { progress }),
    },
    hasBegun: row.hasBegun || begins === true,
    process: process === undefined ? row.process : { ...process, attempt: row.task.attempt },
  });
  hints.push({ topic: "events", taskId: row.task.id });
  return events;
}

function suspend(
  context: TableContext,
  of: { ref: ClaimRef; suspension: Parameters<Work["suspend"]>[1] },
  hints: Hint[],
): void {
  const { question, state, events } = of.suspension;
  const row = owned(context, of.ref);
  for (const event of events) appendEvent(context, row, event);
  const asked = ask(context, row, { asked: question, mode: "suspended", hints });
  context.tables.tasks.update({
    ...asked.row,
    isHeld: false,
    hasBegun: false,
    process: null,
    suspension: { state },
  });
  hints.push({ topic: "events", taskId: row.task.id });
}

function forfeit(context: TableContext, worker: WorkerId, hints: Hint[]): number {
  const { tables, clock } = context;
  const lost = [...tables.tasks.openOf(worker.node)].filter(
    (row) => row.isHeld && isOtherBoot(row.worker, worker),
  );
  for (const row of lost) tables.tasks.update({ ...row, isHeld: false, isLost: true });
  for (const row of tables.outbox.sendingBy(worker.node)) {
    if (isOtherBoot(row.worker, worker))
      tables.outbox.update({ ...row, waitUntil: clock.steady() });
  }
  for (const lease of tables.leases.ofNode(worker.node)) {
    if (isOtherBoot(lease.worker, worker)) tables.leases.remove(lease.name);
  }
  hints.push({ topic: "work" }, { topic: "outbox" });
  return lost.length;
}

/** The work, over tables. */
export function tableWork(context: TableContext): Work {
  const { tables, clock } = context;
  return {
    claim: async (request) => {
      const time = clock.steady();
      // A look costs no commit; most looks find nothing.
      const isAny = await context.read(() =>
        request.runners.some((runner) =>
          [...tables.tasks.heads(runner)].some((row) =>
            isClaimable(row, questionOf(context, row), time),
          ),
        ),
      );
      return isAny && request.limit > 0
        ? await context.write((hints) => claim(context, request, hints))
        : [];
    },
    renew: async (claims, leaseMs) =>
      await context.write(() =>
        claims.map((ref) => {
          const row = tables.tasks.find(ref.taskId);
          if (ownsTask(row, ref.attempt))
            tables.tasks.update({ ...row, leaseUntil: clock.steady() + leaseMs });
          return newsOf(context, ref);
        }),
      ),
    news: async (claims) => await context.read(() => claims.map((ref) => newsOf(context, ref))),
    append: async ({ taskId, attempt }, write) => {
      const rows = await context.write((hints) =>
        append(context, { ref: { taskId, attempt }, write }, hints),
      );
      return rows.map((row) => toEvent(context.storeId, row));
    },
    suspend: async (ref, suspension) =>
      await context.write((hints) => suspend(context, { ref, suspension }, hints)),
    release: async (ref, options) =>
      await context.write((hints) => {
        const row = owned(context, ref);
        // Cancelled in the meantime: whoever claims it next records that.
        tables.tasks.update({
          ...row,
          isHeld: false,
          process: null,
          restUntil: clock.steady() + (options?.notBeforeMs ?? 0),
          task: { ...row.task, status: "running" },
        });
        hints.push({ topic: "work" });
      }),
    finish: async (ref, { events, ending, ifCancelled }) =>
      await context.write((hints) => {
        const row = owned(context, ref);
        const chosen = row.task.cancelRequested ? ifCancelled : ending;
        if (chosen === ending) for (const event of events) appendEvent(context, row, event);
        return endTask(context, row, { ending: chosen, hints });
      }),
    forfeit: async (worker) => await context.write((hints) => forfeit(context, worker, hints)),
    processes: async (node) =>
      await context.read(() =>
        [...tables.tasks.openOf(node)].flatMap((row) =>
          row.process === null ? [] : [{ taskId: row.task.id, ...row.process }],
        ),
      ),
  };
}
