import type { Hint } from "../contract/log.ts";
import type { ProcessRecord } from "../contract/runner.ts";
import type { ClaimNews, ClaimRef, Work, WorkerId } from "../contract/work.ts";
import { charge } from "./budgets.ts";
import { claim, isAnyClaimable } from "./claiming.ts";
import { isOtherBoot, ownsTask, seenQuestion } from "./rules.ts";
import { questionOf, type TableContext, toEvent } from "./table-context.ts";
import { append, finish, prepare, release, suspend } from "./turn-writes.ts";

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

function renew(
  context: TableContext,
  claims: readonly ClaimRef[],
  leaseMs: number,
): readonly ClaimNews[] {
  const { tables, clock } = context;
  return claims.map((ref) => {
    const row = tables.tasks.find(ref.taskId);
    if (ownsTask(row, ref.attempt))
      tables.tasks.update({ ...row, leaseUntil: clock.steady() + leaseMs });
    return newsOf(context, ref);
  });
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

function processes({ tables }: TableContext, node: string): readonly (ProcessRecord & ClaimRef)[] {
  return [...tables.tasks.openOf(node)].flatMap(({ task, process }) =>
    process === null ? [] : [{ taskId: task.id, ...process }],
  );
}

const refsOf = (claims: readonly ClaimRef[]): readonly ClaimRef[] =>
  claims.map(({ taskId, attempt }) => ({ taskId, attempt }));

/** The work, over tables. */
export function tableWork(context: TableContext): Work {
  return {
    claim: async (request) => {
      const asked = structuredClone(request);
      if (!(await context.read(() => isAnyClaimable(context, asked)))) return [];
      return await context.write((hints) => claim(context, asked, hints), "running");
    },
    renew: async (claims, leaseMs) => {
      const refs = refsOf(claims);
      return await context.write(() => renew(context, refs, leaseMs));
    },
    news: async (claims) => await context.read(() => claims.map((ref) => newsOf(context, ref))),
    append: async (ref, write) => {
      const prepared = prepare(ref, write);
      const rows = await context.write((hints) => append(context, prepared, hints), "running");
      return rows.map((row) => toEvent(context.storeId, row));
    },
    charge: async ({ taskId, attempt }, budget) => {
      const given = { ref: { taskId, attempt }, budget: structuredClone(budget) };
      return await context.write(() => charge(context, given), "running");
    },
    suspend: async (ref, suspension) => {
      const prepared = prepare(ref, suspension);
      await context.write((hints) => suspend(context, prepared, hints), "running");
    },
    release: async ({ taskId, attempt }, options = {}) => {
      const given = { ...structuredClone(options), ref: { taskId, attempt } };
      await context.write((hints) => release(context, given, hints));
    },
    finish: async (ref, result) => {
      const prepared = prepare(ref, result);
      return await context.write((hints) => finish(context, prepared, hints));
    },
    forfeit: async ({ node, boot }) =>
      await context.write((hints) => forfeit(context, { node, boot }, hints)),
    processes: async (node) => await context.read(() => processes(context, node)),
  };
}
