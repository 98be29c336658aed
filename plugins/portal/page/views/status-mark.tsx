import type { TaskStatus } from "../state/wire.ts";

const words: Readonly<Record<TaskStatus, string>> = {
  pending: "waiting",
  running: "running",
  input_required: "needs a decision",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
};

/** Where a task stands, in a colour and in words. */
export function StatusMark({ status }: { readonly status: TaskStatus }) {
  return (
    <span class="status" data-status={status}>
      <span class="dot" aria-hidden="true" />
      {words[status]}
    </span>
  );
}
