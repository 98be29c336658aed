import type { NewTask } from "../contract/intake.ts";
import type { QuotaExceeded } from "../contract/quota.ts";
import type { TableContext } from "./table-context.ts";

/** The first quota that a task would go beyond; undefined when it fits into all. */
export function exceededQuota(
  { tables }: TableContext,
  { owner, quotas }: NewTask,
  of: { readonly inputBytes: number; readonly conversationId: string | null },
): QuotaExceeded | undefined {
  for (const { per, tasks, bytes } of quotas) {
    const id = per === "owner" ? owner : of.conversationId;
    const open = id === null ? { count: 0, bytes: 0 } : tables.tasks.load(per, id);
    if (open.count + 1 > tasks) return { per, of: "tasks", limit: tasks };
    if (open.bytes + of.inputBytes > bytes) return { per, of: "bytes", limit: bytes };
  }
  return undefined;
}
