import type { StartCause } from "../contract/event.ts";
import type { Hint } from "../contract/log.ts";
import type { Answer } from "../contract/question.ts";
import type { Claim, Work, WorkerId } from "../contract/work.ts";
import type { TaskRow } from "./rows.ts";
import { isClaimable } from "./rules.ts";
import {
  appendEvent,
  closeQuestion,
  hasDestination,
  questionOf,
  type TableContext,
} from "./table-context.ts";

function causeOf(row: TaskRow, wasLost: boolean): StartCause {
  if (row.task.attempt === 0) return "new";
  if (wasLost) return "recovered";
  return row.suspension === null ? "released" : "answered";
}

/** What a suspended turn left, with the answer that it waited for. A passed deadline is recorded, and is a "no". */
function takeAnswer(context: TableContext, row: TaskRow): Claim["answered"] {
  if (row.suspension === null) return null;
  const question = questionOf(context, row);
  closeQuestion(context, row, { question, state: "expired" });
  const answer: Answer = question?.question.answer ?? { action: "decline" };
  return { answer, state: row.suspension.state };
}

/** The question that an earlier attempt had open inside its turn. */
function openLiveQuestion(context: TableContext, row: TaskRow): Claim["openQuestion"] {
  const question = questionOf(context, row)?.question;
  return question?.state === "open" && question.mode === "live" ? question : null;
}

function claimRow(
  context: TableContext,
  row: TaskRow,
  of: { worker: WorkerId; leaseMs: number; hints: Hint[] },
): Claim {
  const { tables, clock } = context;
  const wasLost = row.isHeld || row.isLost;
  const cause = causeOf(row, wasLost);
  const answered = takeAnswer(context, row);
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
  };
  tables.tasks.update(claimed);
  appendEvent(context, claimed, { type: "task.started", data: { attempt, cause } });
  of.hints.push({ topic: "events", taskId: task.id });
  const { conversationId, runner } = task;
  const session =
    conversationId === null ? undefined : tables.conversations.session(conversationId, runner);
  return {
    taskId: task.id,
    attempt,
    worker: of.worker,
    task,
    cause,
    rules: row.rules,
    provenance: row.provenance,
    questions: row.questions,
    hasDestination: hasDestination(row),
    session: session ?? null,
    begun: row.hasBegun,
    openQuestion: openLiveQuestion(context, row),
    answered,
  };
}

type ClaimRequest = Parameters<Work["claim"]>[0];

/** The oldest claimable tasks of a runner, at most `limit`. */
function claimable(context: TableContext, runner: string, limit: number): TaskRow[] {
  const time = context.clock.steady();
  const found: TaskRow[] = [];
  if (limit <= 0) return found;
  for (const row of context.tables.tasks.heads(runner)) {
    if (!isClaimable(row, questionOf(context, row), time)) continue;
    found.push(row);
    if (found.length >= limit) break;
  }
  return found;
}

/** True when a claim would find something. A look costs no commit, and most looks find nothing. */
export function isAnyClaimable(context: TableContext, { runners, limit }: ClaimRequest): boolean {
  return runners.some((runner) => claimable(context, runner, Math.min(1, limit)).length > 0);
}

/** Takes the oldest claimable tasks of these runners. */
export function claim(
  context: TableContext,
  request: ClaimRequest,
  hints: Hint[],
): readonly Claim[] {
  return [...new Set(request.runners)]
    .flatMap((runner) => claimable(context, runner, request.limit))
    .toSorted((a, b) => a.order - b.order)
    .slice(0, request.limit)
    .map((row) => claimRow(context, row, { ...request, hints }));
}
