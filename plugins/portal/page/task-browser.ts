import type { Line } from "./connection/line.ts";
import { failureText } from "./failure-text.ts";
import {
  addDetailEvents,
  changeDetail,
  isRead,
  openDetail,
  setDetailTask,
} from "./state/detail-updates.ts";
import type { TaskFilter } from "./state/place.ts";
import type { Store } from "./state/store.ts";
import type { Asked } from "./state/wire.ts";

const pageTasks = 50;
const pageEvents = 200;
/** The most pages that "the rest" reads in one go. */
const mostPages = 500;

/** The view of all tasks: a list with conditions, and one task with its events. */
export class TaskBrowser {
  readonly #store: Store;
  readonly #line: Line;
  readonly #trouble: (error: unknown) => void;

  constructor(of: {
    readonly store: Store;
    readonly line: Line;
    readonly onTrouble: (error: unknown) => void;
  }) {
    this.#store = of.store;
    this.#line = of.line;
    this.#trouble = of.onTrouble;
  }

  /** Shows the tasks of a filter, and one of them. */
  show(filter: TaskFilter, taskId: string | null): void {
    const { list, detail } = this.#store.get();
    const isSame = Object.entries(filter).every(
      ([name, value]) => list.filter[name as keyof TaskFilter] === value,
    );
    if (!isSame || list.tasks.length === 0) void this.#load(filter, null);
    if (detail?.taskId === (taskId ?? undefined) && detail?.trouble === null) return;
    this.#store.update(openDetail(taskId));
    if (taskId !== null) void this.readDetail();
  }

  close(): void {
    this.#store.update(openDetail(null));
  }

  async more(): Promise<void> {
    const { filter, next } = this.#store.get().list;
    if (next !== null) await this.#load(filter, next);
  }

  /** Looks again: at the list's first page, and at the open task. */
  async refresh(): Promise<void> {
    const { list, detail } = this.#store.get();
    if (list.tasks.length <= pageTasks) await this.#load(list.filter, null);
    if (detail !== null && !isRead(detail) && detail.atHead) await this.readDetail();
  }

  /** Reads the open task and the next page of its events. @returns true when there is nothing more to read now */
  async readDetail(): Promise<boolean> {
    const { detail } = this.#store.get();
    if (detail === null) return true;
    const { taskId, next } = detail;
    try {
      const { task, questions } = await this.#line.ask("task", { taskId });
      this.#store.update(setDetailTask(task, questions));
      const page = await this.#line.ask("events", { taskId, after: next, limit: pageEvents });
      this.#store.update((state) =>
        // Asked for twice, the page that came first counts.
        state.detail?.taskId === taskId && state.detail.next === next
          ? addDetailEvents(taskId, page)(state)
          : state,
      );
      return page.atHead;
    } catch (error) {
      const trouble = failureText(error);
      this.#store.update(changeDetail(taskId, (now) => ({ ...now, isLoading: false, trouble })));
      return true;
    }
  }

  /** Reads the open task's events to their end. */
  async readRest(): Promise<void> {
    const taskId = this.#store.get().detail?.taskId;
    for (let page = 0; page < mostPages; page++) {
      if (this.#store.get().detail?.taskId !== taskId) return;
      if (await this.readDetail()) return;
    }
  }

  async #load(filter: TaskFilter, after: string | null): Promise<void> {
    this.#store.update((state) => ({
      ...state,
      list: {
        ...state.list,
        filter,
        isLoading: true,
        trouble: null,
        // Of other conditions nothing may be seen any more.
        tasks: sameFilter(state.list.filter, filter) ? state.list.tasks : [],
      },
    }));
    try {
      const { tasks, next } = await this.#line.ask("tasks", { ...requestOf(filter), after });
      this.#store.update((state) =>
        sameFilter(state.list.filter, filter)
          ? {
              ...state,
              list: {
                ...state.list,
                tasks: after === null ? tasks : [...state.list.tasks, ...tasks],
                next,
                isLoading: false,
              },
            }
          : state,
      );
    } catch (error) {
      this.#store.update((state) => ({ ...state, list: { ...state.list, isLoading: false } }));
      this.#trouble(error);
    }
  }
}

const sameFilter = (a: TaskFilter, b: TaskFilter): boolean =>
  a.status === b.status && a.runner === b.runner && a.kind === b.kind;

/** What is asked of the bridge for a filter. */
function requestOf({ status, runner, kind }: TaskFilter): Asked<"tasks"> {
  return {
    limit: pageTasks,
    ...(status === ""
      ? {}
      : { status: status === "open" ? ["pending", "running", "input_required"] : [status] }),
    ...(runner === "" ? {} : { runner }),
    ...(kind === "" ? {} : { kind }),
  };
}
