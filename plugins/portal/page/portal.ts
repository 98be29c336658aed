import { LineLost, Refused, type Line } from "./connection/line.ts";
import { nothingKept, type Kept, type KeptWindow } from "./connection/kept.ts";
import {
  addEvent,
  addOutgoing,
  changeTurn,
  notePrompts,
  openChat,
  removeOutgoing,
  setQuestions,
  setRefusal,
  setTask,
  showTasks,
  taken,
} from "./state/chat-updates.ts";
import { nameFor } from "./state/conversation-title.ts";
import type { Place } from "./state/place.ts";
import type { Outgoing, State } from "./state/state.ts";
import type { Store } from "./state/store.ts";
import { isNext, windowStart } from "./state/turn.ts";
import { isOver, type PortalEvent, type PortalPush, type PortalTask } from "./state/wire.ts";
import { TaskBrowser } from "./task-browser.ts";

/** How many of a conversation's tasks are shown at once. */
const shownTasks = 30;
/** Events in one page of an ended task; and how many pages are read at most before its own view is the better place. */
const pageEvents = 500;
const mostPages = 40;

export interface PortalParts {
  readonly store: Store;
  readonly line: Line;
  /** A short text that was never given before. */
  readonly mark: () => string;
  readonly kept?: Kept;
  /** Shows the place in the address. */
  readonly showPlace: (place: Place, how: "push" | "replace") => void;
}

/** What a person can do here, and what follows from it. */
export class Portal {
  readonly store: Store;
  readonly tasks: TaskBrowser;
  readonly #line: Line;
  readonly #parts: PortalParts;
  #windows: Record<string, KeptWindow>;

  constructor(parts: PortalParts) {
    const { store, line, kept = nothingKept } = parts;
    this.store = store;
    this.#line = line;
    this.#parts = parts;
    this.#windows = { ...kept.windows };
    this.tasks = new TaskBrowser({ store, line, trouble: (error) => this.#trouble(error) });
    const { place } = store.get();
    store.update((state) => ({ ...state, outbox: kept.outbox }));
    store.update(openChat(place.view === "chat" ? place.conversationId : null));
    store.update((state) => ({ ...state, chat: { ...state.chat, newName: kept.newName } }));
  }

  /** What a reload needs, but for the draft. */
  get kept(): Omit<Kept, "draft"> {
    const { outbox, turns, chat } = this.store.get();
    const open = [...turns.values()].filter(
      ({ reading, seq }) => reading === "live" && seq !== null,
    );
    const windows = open.map((turn): [string, KeptWindow] => [
      turn.task.id,
      { ...windowStart(turn), attempt: turn.attempt },
    ]);
    return { outbox, newName: chat.newName, windows: Object.fromEntries(windows) };
  }

  /** Takes what the bridge says by itself. */
  receive(push: PortalPush): void {
    if (push.type === "welcome") {
      const { principal, version, limits } = push;
      const { messageBytes } = limits;
      this.store.update((state) => ({ ...state, principal, version, messageBytes }));
      void this.#begin();
    } else if (push.type === "event") this.#receiveEvent(push.event);
    else if (push.type === "end") {
      this.store.update(setTask(push.task));
      this.store.update(changeTurn(push.taskId, (turn) => ({ ...turn, reading: "whole" })));
      void this.refreshConversations();
    } else if (push.type === "error") {
      const { taskId, error } = push;
      if (taskId === undefined) this.#say(error.message);
      else
        this.store.update(
          changeTurn(taskId, (turn) => ({ ...turn, reading: "none", trouble: error.message })),
        );
    }
  }

  /** Shows a place. */
  go(place: Place, how: "push" | "replace" | "none" = "push"): void {
    const { place: before, chat } = this.store.get();
    this.store.update((state) => ({ ...state, place }));
    if (how !== "none") this.#parts.showPlace(place, how);
    if (place.view === "tasks") {
      this.tasks.show(place.filter, place.taskId);
      return;
    }
    this.tasks.close();
    const isOther = place.conversationId !== chat.conversationId;
    if (!isOther && !(place.conversationId === null && before.view === "chat")) return;
    this.#detachAll();
    this.store.update(openChat(place.conversationId));
    void this.#loadChat();
  }

  chooseRunner(runner: string | null): void {
    this.store.update((state) => ({ ...state, runner }));
  }

  /** Gives a message to the agent. It is kept until the bridge has it. */
  send(text: string): void {
    const { chat, runner } = this.store.get();
    const isNew = chat.conversationId === null;
    const newName = isNew ? (chat.newName ?? nameFor(text, this.#parts.mark())) : null;
    const message: Outgoing = {
      key: `portal ${this.#parts.mark()}${this.#parts.mark()}`,
      text,
      conversationId: chat.conversationId,
      conversation: newName,
      runner,
      refusal: null,
    };
    this.store.update((state) => ({ ...state, chat: { ...state.chat, newName } }));
    this.store.update(addOutgoing(message));
    void this.#deliver(message);
  }

  /** Sends a refused message once more. */
  sendAgain(key: string): void {
    this.store.update(setRefusal(key, null));
    const message = this.store.get().outbox.find((one) => one.key === key);
    if (message !== undefined) void this.#deliver(message);
  }

  discard(key: string): void {
    this.store.update(removeOutgoing(key));
  }

  async cancel(taskId: string): Promise<void> {
    await this.#try(async () => {
      const { task } = await this.#line.ask("cancel", { taskId });
      this.store.update(setTask(task));
    });
  }

  /** Goes on with a task that was interrupted: in a new one. */
  async goOn(task: PortalTask): Promise<void> {
    await this.#try(async () => {
      const { id: taskId, conversationId } = task;
      const resumed = await this.#line.ask("resume", { taskId, conversationId });
      if (conversationId !== null) this.store.update(showTasks(conversationId, [resumed.task]));
      this.store.update(
        changeTurn(resumed.task.id, (turn) => ({ ...turn, reading: "live", trouble: null })),
      );
    });
  }

  /** @returns false when it could not be given */
  async answer(
    question: { readonly id: string; readonly taskId: string },
    given: { readonly action: "accept" | "decline"; readonly content?: string | object },
  ): Promise<boolean> {
    const { action, content } = given;
    const isGiven = await this.#try(async () => {
      const asked = { questionId: question.id, action };
      await this.#line.ask(
        "answer",
        content === undefined ? asked : { ...asked, content: content as string },
      );
    });
    await this.#loadQuestions(question.taskId);
    return isGiven;
  }

  /** Reads what an ended task did. */
  async readTurn(taskId: string): Promise<void> {
    const turn = this.store.get().turns.get(taskId);
    if (turn === undefined || turn.reading !== "none") return;
    const set = (change: object): void =>
      this.store.update(changeTurn(taskId, (now) => ({ ...now, ...change })));
    set({ reading: "whole", trouble: null });
    try {
      await this.#readPages(taskId);
    } catch (error) {
      set({ reading: "none", trouble: textOf(error) });
    }
  }

  /** Shows the conversation's tasks before those that are shown. */
  async loadEarlier(): Promise<void> {
    const { conversationId, earlier } = this.store.get().chat;
    if (conversationId === null || earlier === null) return;
    await this.#try(async () => {
      const asked = { conversationId, limit: shownTasks, after: earlier };
      const { tasks, next } = await this.#line.ask("tasks", asked);
      this.store.update(showTasks(conversationId, tasks, next));
    });
  }

  async refreshConversations(): Promise<void> {
    await this.#try(async () => {
      const [{ conversations, next }, { tasks }] = await Promise.all([
        this.#line.ask("conversations", { limit: 50 }),
        this.#line.ask("tasks", { limit: 100 }),
      ]);
      this.store.update((state) => ({
        ...notePrompts(tasks)(state),
        conversations,
        moreConversations: next,
      }));
    });
  }

  async moreConversations(): Promise<void> {
    const after = this.store.get().moreConversations;
    if (after === null) return;
    await this.#try(async () => {
      const { conversations: more, next } = await this.#line.ask("conversations", {
        limit: 50,
        after,
      });
      this.store.update((state) => {
        const known = new Set(state.conversations.map(({ id }) => id));
        const conversations = [...state.conversations, ...more.filter(({ id }) => !known.has(id))];
        return { ...state, conversations, moreConversations: next };
      });
    });
  }

  /** Looks for what other tabs and channels have done. */
  async refresh(): Promise<void> {
    const { link, place, chat } = this.store.get();
    if (link.phase !== "open") return;
    await this.refreshConversations();
    if (place.view === "tasks") await this.tasks.refresh();
    else if (chat.conversationId !== null) await this.#loadChat();
  }

  dismissNotice(): void {
    this.store.update((state) => ({ ...state, notice: null }));
  }

  /** The line is open: everything goes on where it was. */
  async #begin(): Promise<void> {
    await this.#try(async () => {
      const { runners } = await this.#line.ask("describe", {});
      this.store.update((state) => ({ ...state, runners }));
    });
    const { place, outbox } = this.store.get();
    const sent = outbox.filter(({ refusal }) => refusal === null);
    await Promise.all([
      this.#loadChat(),
      this.refreshConversations(),
      ...sent.map(async (message) => await this.#deliver(message)),
    ]);
    if (place.view === "tasks") this.tasks.show(place.filter, place.taskId);
  }

  /** Reads the open conversation's tasks and follows those that are open, each from its last event on. */
  async #loadChat(): Promise<void> {
    const { conversationId } = this.store.get().chat;
    if (conversationId === null) return;
    try {
      const { tasks, next } = await this.#line.ask("tasks", { conversationId, limit: shownTasks });
      const isFirst = this.store.get().chat.taskIds.length === 0;
      this.store.update(showTasks(conversationId, tasks, isFirst ? next : undefined));
      this.store.update(notePrompts(tasks));
      await Promise.all(tasks.map(async (task) => await this.#follow(task)));
    } catch (error) {
      if (error instanceof LineLost) return;
      this.store.update((state) =>
        state.chat.conversationId === conversationId
          ? { ...state, chat: { ...state.chat, isLoading: false, trouble: textOf(error) } }
          : state,
      );
    }
  }

  /** Follows an open task; one that ended while nobody looked is read to its end. */
  async #follow(task: PortalTask): Promise<void> {
    const turn = this.store.get().turns.get(task.id);
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
    const kept = this.#windows[taskId];
    delete this.#windows[taskId];
    if (kept === undefined || kept.after === null) return;
    const { after, droppedCount, attempt } = kept;
    this.store.update(
      changeTurn(taskId, (turn) =>
        turn.seq === null
          ? { ...turn, cursor: after, attempt, timeline: { items: [], droppedCount } }
          : turn,
      ),
    );
  }

  async #attach(taskId: string): Promise<void> {
    const turn = this.store.get().turns.get(taskId);
    if (turn === undefined) return;
    this.store.update(changeTurn(taskId, (now) => ({ ...now, reading: "live", trouble: null })));
    const { conversationId } = turn.task;
    try {
      await this.#line.ask("resume", { taskId, conversationId, after: turn.cursor });
      if (turn.task.status === "input_required") await this.#loadQuestions(taskId);
    } catch (error) {
      const trouble = error instanceof LineLost ? null : textOf(error);
      this.store.update(changeTurn(taskId, (now) => ({ ...now, reading: "none", trouble })));
    }
  }

  /** The line is down: what was followed is followed again once it is back. */
  pause(): void {
    this.store.update((state) => ({
      ...state,
      turns: new Map(
        [...state.turns].map(([id, turn]) => [
          id,
          turn.reading === "live" ? { ...turn, reading: "none" } : turn,
        ]),
      ),
    }));
  }

  async #readPages(taskId: string): Promise<void> {
    for (let page = 0; page < mostPages; page++) {
      const turn = this.store.get().turns.get(taskId);
      if (turn === undefined) return;
      const asked = { taskId, after: turn.cursor, limit: pageEvents };
      const { events, atHead } = await this.#line.ask("events", asked);
      this.store.update((state) => events.reduce((now, event) => addEvent(event)(now), state));
      if (atHead) return;
    }
  }

  #receiveEvent(event: PortalEvent): void {
    const turn = this.store.get().turns.get(event.taskId);
    if (turn === undefined) return;
    if (!isNext(turn, event)) {
      // A repeat is let go. After a gap, which the bridge does not make, it is read again from the last one.
      if (turn.seq !== null && event.seq > turn.seq + 1) void this.#attach(event.taskId);
      return;
    }
    this.store.update(addEvent(event));
    const { type } = event;
    if (type === "turn.question" || type === "turn.answer") void this.#loadQuestions(event.taskId);
  }

  async #loadQuestions(taskId: string): Promise<void> {
    await this.#try(async () => {
      const { questions } = await this.#line.ask("task", { taskId });
      this.store.update(setQuestions(taskId, questions));
    });
  }

  async #deliver(message: Outgoing): Promise<void> {
    const { key, text, conversationId, conversation, runner } = message;
    try {
      const { task } = await this.#line.ask("chat", {
        message: text,
        key,
        ...(conversationId === null ? {} : { conversationId }),
        ...(conversation === null || conversationId !== null ? {} : { conversation }),
        ...(runner === null ? {} : { runner }),
      });
      const isHere = this.store.get().chat.conversationId === null;
      this.store.update(taken(message, task));
      this.store.update(
        changeTurn(task.id, (turn) => ({ ...turn, reading: "live", trouble: null })),
      );
      if (!this.store.get().turns.has(task.id)) void this.#detach(task.id);
      const { place } = this.store.get();
      if (isHere && place.view === "chat") this.#parts.showPlace(place, "replace");
      void this.refreshConversations();
    } catch (error) {
      // Unheard: it is sent again with the same key once the line is back.
      if (!(error instanceof LineLost)) this.store.update(setRefusal(key, textOf(error)));
    }
  }

  #detachAll(): void {
    for (const turn of this.store.get().turns.values())
      if (turn.reading === "live") void this.#detach(turn.task.id);
  }

  async #detach(taskId: string): Promise<void> {
    await this.#try(async () => void (await this.#line.ask("detach", { taskId })));
  }

  /** Does it; what went wrong is shown, but for a lost line, which shows itself. */
  async #try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#trouble(error);
      return false;
    }
  }

  #trouble(error: unknown): void {
    if (!(error instanceof LineLost)) this.#say(textOf(error));
  }

  #say(notice: string): void {
    this.store.update((state: State) => ({ ...state, notice }));
  }
}

function textOf(error: unknown): string {
  if (error instanceof Refused) return error.message;
  return error instanceof Error ? error.message : String(error);
}
