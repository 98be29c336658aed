import type { Detail, State, Update } from "./state.ts";
import { newTurn, withEvent, withTask } from "./turn.ts";
import { isOver, type PortalTask, type Question, type Results } from "./wire.ts";

/** The most raw events that the page holds of one task. */
export const detailEvents = 1_000;

/** Opens a task, or closes the open one. */
export function openDetail(taskId: string | null): Update {
  return (state) => ({
    ...state,
    detail:
      taskId === null
        ? null
        : {
            taskId,
            turn: null,
            events: [],
            droppedCount: 0,
            next: null,
            atHead: false,
            isLoading: true,
            trouble: null,
          },
  });
}

/** Changes the open task, when it is still this one. */
export function changeDetail(taskId: string, change: (detail: Detail) => Detail): Update {
  return (state: State) =>
    state.detail?.taskId === taskId ? { ...state, detail: change(state.detail) } : state;
}

export function setDetailTask(task: PortalTask, questions: readonly Question[]): Update {
  return changeDetail(task.id, (detail) => ({
    ...detail,
    turn: { ...withTask(detail.turn ?? newTurn(task), task), questions },
  }));
}

/** Adds a page of events, read after the one before. */
export function addDetailEvents(taskId: string, page: Results["events"]): Update {
  return changeDetail(taskId, (detail) => {
    const all = [...detail.events, ...page.events];
    const events = all.slice(-detailEvents);
    return {
      ...detail,
      turn: detail.turn === null ? null : page.events.reduce(withEvent, detail.turn),
      events,
      droppedCount: detail.droppedCount + all.length - events.length,
      next: page.next,
      atHead: page.atHead,
      isLoading: false,
      trouble: null,
    };
  });
}

/** True when nothing more will come of the open task. */
export function isRead({ turn, atHead }: Detail): boolean {
  return atHead && turn !== null && isOver(turn.task.status);
}
