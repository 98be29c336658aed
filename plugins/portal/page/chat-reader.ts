import type { KeptWindow } from "./connection/kept.ts";
import type { Line } from "./connection/line.ts";
import { failureText } from "./failure-text.ts";
import {
  addEvent,
  changeTurn,
  notePrompts,
  setQuestions,
  setTask,
  showTasks,
} from "./state/chat-updates.ts";
import type { Update } from "./state/state.ts";
import type { Store } from "./state/store.ts";
import { isNext, windowStart, type Turn } from "./state/turn.ts";
import { isOver, type PortalEvent, type PortalTask } from "./state/wire.ts";

/** How many of a conversation's tasks are shown at once. */
const shownTasks = 30;
/** Events in a page of an ended task; and how many pages are read, before its own view is the better place. */
const pageEvents = 500;
const mostPages = 40;

/** Reads the open conversation: its tasks, and the events of those that somebody looks at. */
export class ChatReader {
  readonly #store: Store;
  readonly #line: Line;
  readonly #windows: Map<string, KeptWindow>;

  constructor(of: {
    readonly store: Store;
    readonly line: Line;
    readonly windows: Readonly<Record<string, KeptWindow>>;
  }) {
    this.#store = of.store;
    this.#line = of.line;
    this.#windows = new Map(Object.entries(of.windows));
  }

  /** Where the windows of the followed tasks begin. */
  get windows(): Readonly<Record<string, KeptWindow>> {
    const followed = [...this.#store.get().turns.values()].filter(
      ({ reading, seq }) => reading === "live" && seq !== null,
    );
    return Object.fromEntries(
      followed.map((turn) => [turn.task.id, { ...windowStart(turn), attempt: turn.attempt }]),
    );
  }

  /** Reads the conversation's newest tasks and follows those that are open, each from its last event on. */
  async load(): Promise<void> {
    const { conversationId } = this.#store.get().chat;
    if (conversationId === null) return;
    try {
      const { tasks, next } = await this.#line.ask("tasks", { conversationId, limit: shownTasks });
      const isFirst = this.#store.get().chat.taskIds.length === 0;
      this.#store.update(showTasks(conversationId, tasks, isFirst ? next : undefined));
      this.#store.update(notePrompts(tasks));
      // Those that were followed and are no longer among the newest as well.
      const shown = new Map([...this.#store.get().turns].map(([id, { task }]) => [id, task]));
      for (const task of tasks) shown.set(task.id, task);
      await Promise.all([...shown.values()].map(async (task) => await this.#follow(task)));
    } catch (error) {
      const trouble = failureText(error);
      if (trouble === null) return;
      this.#store.update((state) =>
        state.chat.conversationId === conversationId
          ? { ...state, chat: { ...state.chat, isLoading: false, trouble } }
          : state,
      );
    }
  }

  /** Shows the conversation's tasks before those that are shown. */
  async loadEarlier(): Promise<void> {
    const { conversationId, earlier } = this.#store.get().chat;
    if (conversationId === null || earlier === null) return;
    const asked = { conversationId, limit: shownTasks, after: earlier };
    const { tasks, next } = await this.#line.ask("tasks", asked);
    this.#store.update(showTasks(conversationId, tasks, next));
  }

  /** Reads what an ended task did, from the last event that is known. */
  async readTurn(taskId: string): Promise<void> {
    const turn = this.#store.get().turns.get(taskId);
    if (turn === undefined || turn.reading !== "none") return;
    this.#change(taskId, { reading: "whole", trouble: null });
    try {
      await this.#readPages(taskId);
    } catch (error) {
      this.#change(taskId, { reading: "none", trouble: failureText(error) });
    }
  }

  /** The bridge sends a task's events from now on. */
  isFollowed(taskId: string): void {
    this.#change(taskId, { reading: "live", trouble: null });
  }

  /** Takes an event of a task that is followed. */
  receive(event: PortalEvent): void {
    const turn = this.#store.get().turns.get(event.taskId);
    if (turn === undefined) return;
    if (!isNext(turn, event)) {
      // A repeat is let go. After a gap, which the bridge does not make, it is read again from the last one.
      if (turn.seq !== null && event.seq > turn.seq + 1) void this.#attach(event.taskId);
      return;
    }
    this.#store.update(addEvent(event));
    const { type, taskId } = event;
    if (type === "turn.question" || type === "turn.answer") void this.loadQuestions(taskId);
  }

  /** Nothing more will come of a task. */
  receiveEnd(task: PortalTask): void {
    this.#store.update(setTask(task));
    this.#change(task.id, { reading: "whole" });
  }

  /** What ended the following of a task. */
  receiveError(taskId: string, trouble: string): void {
    this.#change(taskId, { reading: "none", trouble });
  }

  async loadQuestions(taskId: string): Promise<void> {
    try {
      const { questions } = await this.#line.ask("task", { taskId });
      this.#store.update(setQuestions(taskId, questions));
    } catch (error) {
      const trouble = failureText(error);
      if (trouble !== null) this.#change(taskId, { trouble });
    }
  }

  /** The line is down: what was followed is followed again once it is back. */
  pause(): void {
    const turns = [...this.#store.get().turns.values()];
    for (const { task, reading } of turns)
      if (reading === "live") this.#change(task.id, { reading: "none" });
  }

  /** Another conversation is opened: of this one nothing more is wanted. */
  async leave(): Promise<void> {
    const followed = [...this.#store.get().turns.values()].filter(
      ({ reading }) => reading === "live",
    );
    await Promise.all(
      followed.map(async ({ task }) => await this.#line.ask("detach", { taskId: task.id })),
    );
  }

  /** Follows an open task; one that ended while nobody looked is read to its end. */
  async #follow(task: PortalTask): Promise<void> {
    const turn = this.#store.get().turns.get(task.id);
    if (turn === undefined || turn.reading === "live") return;
    if (isOver(task.status)) {
      if (turn.seq !== null && turn.reading === "none") await this.readTurn(task.id);
      return;
    }
    this.#fromWindow(task.id);
    await this.#attach(task.id);
  }

  /** After a reload, a long task is read from where its window began. */
  #fromWindow(taskId: string): void {
    const kept = this.#windows.get(taskId);
    this.#windows.delete(taskId);
    if (kept === undefined || kept.after === null) return;
    const { after: cursor, droppedCount, attempt } = kept;
    const timeline = { items: [], droppedCount };
    this.#store.update(
      changeTurn(taskId, (turn) =>
        turn.seq === null ? { ...turn, cursor, attempt, timeline } : turn,
      ),
    );
  }

  async #attach(taskId: string): Promise<void> {
    const turn = this.#store.get().turns.get(taskId);
    if (turn === undefined) return;
    this.isFollowed(taskId);
    const { conversationId } = turn.task;
    try {
      await this.#line.ask("resume", { taskId, conversationId, after: turn.cursor });
      if (turn.task.status === "input_required") await this.loadQuestions(taskId);
    } catch (error) {
      this.#change(taskId, { reading: "none", trouble: failureText(error) });
    }
  }

  async #readPages(taskId: string): Promise<void> {
    for (let page = 0; page < mostPages; page++) {
      const turn = this.#store.get().turns.get(taskId);
      if (turn === undefined) return;
      const asked = { taskId, after: turn.cursor, limit: pageEvents };
      const { events, atHead } = await this.#line.ask("events", asked);
      const add: Update = (state) => events.reduce((now, event) => addEvent(event)(now), state);
      this.#store.update(add);
      if (atHead) return;
    }
    const trouble = "Only the beginning is shown here: this task did very much.";
    this.#change(taskId, { trouble });
  }

  #change(taskId: string, change: Partial<Turn>): void {
    this.#store.update(changeTurn(taskId, (turn) => ({ ...turn, ...change })));
  }
}
