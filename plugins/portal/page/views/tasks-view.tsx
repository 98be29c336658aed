import { useEffect } from "preact/hooks";
import { oneLine } from "../state/clean-text.ts";
import { agoText } from "../state/format.ts";
import type { TaskFilter } from "../state/place.ts";
import type { State } from "../state/state.ts";
import { StatusMark } from "./status-mark.tsx";
import { TaskDetail } from "./task-detail.tsx";
import { PlaceLink } from "./top-bar.tsx";
import { usePortal } from "./use-portal.ts";

/** All tasks: a list with conditions, and beside it the one that is open. */
export function TasksView({ state }: { readonly state: State }) {
  const portal = usePortal();
  const { list, detail } = state;
  const { filter, tasks, next, isLoading } = list;
  const now = Date.now();
  useEffect(() => {
    document.title = "Tasks · agent-bridge";
  }, []);
  return (
    <div
      class="tasks-view"
      data-open={detail !== null || undefined}
      onKeyDown={(event) => {
        if (event.key === "Escape" && detail !== null)
          portal.go({ view: "tasks", taskId: null, filter });
      }}
    >
      <main class="task-list" aria-labelledby="tasks-title">
        <h1 id="tasks-title">Tasks</h1>
        <Filters state={state} />
        <ul aria-busy={isLoading}>
          {tasks.map((task) => (
            <li key={task.id}>
              <PlaceLink
                place={{ view: "tasks", taskId: task.id, filter }}
                isCurrent={detail?.taskId === task.id}
              >
                <StatusMark status={task.status} />
                <span class="task-prompt">{oneLine(task.prompt, 140) || "(no text)"}</span>
                <span class="task-facts quiet tabular">
                  <span>{task.runner}</span>
                  <span>{task.kind}</span>
                  <span>{agoText(task.createdAt, now)}</span>
                </span>
              </PlaceLink>
            </li>
          ))}
        </ul>
        {tasks.length === 0 && (
          <p class="quiet empty">{isLoading ? "Reading the tasks…" : "No task is like this."}</p>
        )}
        {next !== null && (
          <button
            type="button"
            class="button small"
            disabled={isLoading}
            onClick={() => void portal.tasks.more()}
          >
            Older tasks
          </button>
        )}
      </main>
      {detail !== null && <TaskDetail detail={detail} filter={filter} />}
    </div>
  );
}

const statusChoices = [
  ["", "Any status"],
  ["open", "Open"],
  ["pending", "Waiting"],
  ["running", "Running"],
  ["input_required", "Needs a decision"],
  ["completed", "Completed"],
  ["failed", "Failed or cancelled"],
] as const;

/** Each value once, in order. */
const known = (values: readonly string[]): readonly string[] =>
  [...new Set(values)].filter((value) => value !== "").toSorted();

function Filters({ state }: { readonly state: State }) {
  const portal = usePortal();
  const { filter, tasks } = state.list;
  const set = (change: Partial<TaskFilter>): void =>
    portal.go({ view: "tasks", taskId: null, filter: { ...filter, ...change } }, "replace");
  const runners = known([
    filter.runner,
    ...state.runners.map(({ name }) => name),
    ...tasks.map(({ runner }) => runner),
  ]);
  const kinds = known([filter.kind, "portal.chat", "prompt", ...tasks.map(({ kind }) => kind)]);
  return (
    <form
      class="filters"
      role="search"
      aria-label="Tasks"
      onSubmit={(event) => event.preventDefault()}
    >
      <select
        aria-label="Status"
        value={filter.status}
        onChange={(event) => set({ status: event.currentTarget.value as TaskFilter["status"] })}
      >
        {statusChoices.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <select
        aria-label="Runner"
        value={filter.runner}
        onChange={(event) => set({ runner: event.currentTarget.value })}
      >
        <option value="">Any runner</option>
        {runners.map((runner) => (
          <option key={runner}>{runner}</option>
        ))}
      </select>
      <select
        aria-label="Kind"
        value={filter.kind}
        onChange={(event) => set({ kind: event.currentTarget.value })}
      >
        <option value="">Any kind</option>
        {kinds.map((kind) => (
          <option key={kind}>{kind}</option>
        ))}
      </select>
    </form>
  );
}
