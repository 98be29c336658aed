import { useRef } from "preact/hooks";
import { cleanText } from "../state/clean-text.ts";
import type { State } from "../state/state.ts";
import { openQuestions, type Turn } from "../state/turn.ts";

/** The most that is read out of one answer; the rest stands on the page. */
const longest = 1_500;

const words: Readonly<Record<Turn["task"]["status"], string>> = {
  pending: "Your message waits.",
  running: "The agent works.",
  input_required: "The agent asks for your decision.",
  completed: "The agent answered:",
  failed: "The task failed:",
  cancelled: "The task was cancelled.",
};

/** Reads out what a screen shows: not every word as it comes, but the answer, once, and each change of status. */
export function Announcer({ state }: { readonly state: State }) {
  const last = state.turns.get(state.chat.taskIds.at(-1) ?? "");
  const said = useRef<{ readonly taskId: string; readonly status: string } | null>(null);
  const text = useRef("");
  if (last === undefined || state.place.view !== "chat") {
    said.current = null;
    text.current = "";
  } else {
    const { id: taskId, status } = last.task;
    const isNews = said.current?.taskId !== taskId || said.current.status !== status;
    // What had ended before the page showed it is no news.
    if (isNews && (said.current !== null || last.reading === "live")) text.current = saidOf(last);
    said.current = { taskId, status };
  }
  return (
    <div class="unseen" role="status" aria-live="polite" aria-atomic="true">
      {text.current}
    </div>
  );
}

function saidOf(turn: Turn): string {
  const { status, error } = turn.task;
  const more =
    status === "completed"
      ? (turn.answer ?? "")
      : status === "failed"
        ? (error?.message ?? "")
        : status === "input_required"
          ? (openQuestions(turn)[0]?.title ?? "")
          : "";
  return cleanText(`${words[status]} ${more}`.slice(0, longest)).trim();
}
