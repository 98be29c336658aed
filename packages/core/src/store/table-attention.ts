import type { Attention, DeliveryProblem, OutboxAttention } from "../contract/attention.ts";
import type { DeadLetterReason } from "../contract/intake.ts";
import type { OutboxRow } from "./rows.ts";
import { maxPage, seenState } from "./rules.ts";
import { questionOf, type TableContext } from "./table-context.ts";

/** Every reason, in the order in which they are shown. */
const reasons = Object.keys({
  not_allowed: true,
  kind_unknown: true,
  payload_invalid: true,
  payload_too_large: true,
  kind_failed: true,
  hop_limit: true,
  quota_exceeded: true,
  reply_refused: true,
  reply_expired: true,
  reply_dropped: true,
} satisfies Record<DeadLetterReason, true>) as readonly DeadLetterReason[];

const waitOf = (row: OutboxRow, time: number): number =>
  row.state === "sending" ? 0 : Math.max(0, row.waitUntil - time);

function toProblem(row: OutboxRow, time: number): DeliveryProblem {
  return {
    channel: row.item.channel,
    taskId: row.item.taskId,
    tries: row.tries,
    ageMs: time - row.queuedTime,
    nextTryMs: waitOf(row, time),
    detail: row.problem ?? "",
  };
}

function outboxOf(
  { tables, clock }: TableContext,
  channels: readonly string[],
  limit: number,
): OutboxAttention {
  const time = clock.steady();
  const problems: DeliveryProblem[] = [];
  let [destinations, failing] = [0, 0];
  let oldestMs: number | null = null;
  let nextTryMs: number | null = null;
  // Each head is the oldest of its line.
  for (const row of tables.outbox.heads(channels)) {
    destinations++;
    oldestMs = Math.max(oldestMs ?? 0, time - row.queuedTime);
    nextTryMs = Math.min(nextTryMs ?? Infinity, waitOf(row, time));
    if (row.problem === null) continue;
    failing++;
    if (problems.length < limit) problems.push(toProblem(row, time));
  }
  return { destinations, failing, oldestMs, nextTryMs, problems };
}

function deadLettersOf(
  { tables }: TableContext,
  channels: readonly string[],
): Attention["deadLetters"] {
  return reasons
    .map((reason) => ({
      reason,
      count: channels.reduce(
        (sum, channel) => sum + tables.deadLetters.load(channel, reason).count,
        0,
      ),
    }))
    .filter(({ count }) => count > 0);
}

function questionsOf(context: TableContext, limit: number): Attention["questions"] {
  const { tables, clock } = context;
  const filter = { owner: null, status: ["input_required"] } as const;
  const rows = tables.tasks.list(filter, { limit: maxPage, before: null });
  return rows
    .flatMap((row) => {
      const question = questionOf(context, row);
      const isOpen = question !== undefined && seenState(question, row, clock.steady()) === "open";
      return isOpen ? [question.question] : [];
    })
    .toSorted((a, b) => a.askedAt - b.askedAt)
    .slice(0, limit)
    .map(({ id, taskId, type, title, askedAt, deadlineAt }) => ({
      id,
      taskId,
      type,
      title,
      askedAt,
      deadlineAt,
    }));
}

/** What of the tables may need a person. */
export function attentionOf(
  context: TableContext,
  channels: readonly string[],
  limit: number,
): Attention {
  return {
    outbox: outboxOf(context, channels, limit),
    deadLetters: deadLettersOf(context, channels),
    questions: questionsOf(context, limit),
  };
}
