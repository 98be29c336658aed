import { ChatReader } from "./chat-reader.ts";
import { nothingKept, type Kept } from "./connection/kept.ts";
import type { Line } from "./connection/line.ts";
import { failureText } from "./failure-text.ts";
import { Outbox } from "./outbox.ts";
import { notePrompts, openChat, setTask, showTasks } from "./state/chat-updates.ts";
import type { Place } from "./state/place.ts";
import type { Store } from "./state/store.ts";
import type { PortalPush, PortalTask } from "./state/wire.ts";
import { TaskBrowser } from "./task-browser.ts";

const pageConversations = 50;
/** Of so many tasks the newest prompts name conversations that have no name. */
const promptTasks = 100;

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
  readonly chat: ChatReader;
  readonly outbox: Outbox;
  readonly tasks: TaskBrowser;
  readonly #line: Line;
  readonly #parts: PortalParts;

  constructor(parts: PortalParts) {
    const { store, line, mark, kept = nothingKept } = parts;
    const { windows, newName, outbox } = kept;
    this.store = store;
    this.#line = line;
    this.#parts = parts;
    this.chat = new ChatReader({ store, line, windows });
    this.tasks = new TaskBrowser({ store, line, onTrouble: (error) => this.#trouble(error) });
    this.outbox = new Outbox({ store, line, mark, onTaken: (task) => this.#taken(task) });
    const { place } = store.get();
    store.update(openChat(place.view === "chat" ? place.conversationId : null));
    store.update((state) => ({ ...state, outbox, chat: { ...state.chat, newName } }));
  }

  /** What a reload needs, but for the draft. */
  get kept(): Omit<Kept, "draft"> {
    const { outbox, chat } = this.store.get();
    return { outbox, newName: chat.newName, windows: this.chat.windows };
  }

  /** Takes what the bridge says by itself. */
  receive(push: PortalPush): void {
    switch (push.type) {
      case "welcome": {
        const { principal, version, limits } = push;
        const { messageBytes } = limits;
        this.store.update((state) => ({ ...state, principal, version, messageBytes }));
        void this.#begin();
        return;
      }
      case "event":
        return this.chat.receive(push.event);
      case "end":
        this.chat.receiveEnd(push.task);
        void this.refreshConversations();
        return;
      case "error": {
        const { taskId, error } = push;
        if (taskId === undefined) this.#say(error.message);
        else this.chat.receiveError(taskId, error.message);
        return;
      }
      case "gap":
      case "stopping":
    }
  }

  /** Shows a place. @param how what becomes of the address; `none`: it is there already */
  go(place: Place, how: "push" | "replace" | "none" = "push"): void {
    const { place: before, chat } = this.store.get();
    this.store.update((state) => ({ ...state, place }));
    if (how !== "none") this.#parts.showPlace(place, how);
    if (place.view === "tasks") return this.tasks.show(place.filter, place.taskId);
    this.tasks.close();
    const isOther = place.conversationId !== chat.conversationId;
    const isAnew = place.conversationId === null && before.view === "chat";
    if (!isOther && !isAnew) return;
    void this.#try(async () => await this.chat.leave());
    this.store.update(openChat(place.conversationId));
    void this.chat.load();
  }

  chooseRunner(runner: string | null): void {
    this.store.update((state) => ({ ...state, runner }));
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
      this.chat.isFollowed(resumed.task.id);
    });
  }

  /** Answers a question. */
  async answer(
    question: { readonly id: string; readonly taskId: string },
    given: { readonly action: "accept" | "decline"; readonly content?: string | object },
  ): Promise<void> {
    const { action, content } = given;
    await this.#try(async () => {
      const asked = { questionId: question.id, action };
      await this.#line.ask(
        "answer",
        content === undefined ? asked : { ...asked, content: content as string },
      );
    });
    await this.chat.loadQuestions(question.taskId);
    if (this.store.get().detail !== null) await this.tasks.readDetail();
  }

  async loadEarlier(): Promise<void> {
    await this.#try(async () => await this.chat.loadEarlier());
  }

  async refreshConversations(): Promise<void> {
    await this.#try(async () => {
      const [{ conversations, next }, { tasks }] = await Promise.all([
        this.#line.ask("conversations", { limit: pageConversations }),
        this.#line.ask("tasks", { limit: promptTasks }),
      ]);
      this.store.update((state) => {
        const newest = new Set(conversations.map(({ id }) => id));
        const older = state.conversations.filter(({ id }) => !newest.has(id));
        const hasOlder = state.conversations.length > pageConversations;
        return {
          ...notePrompts(tasks)(state),
          conversations: hasOlder ? [...conversations, ...older] : conversations,
          moreConversations: hasOlder ? state.moreConversations : next,
        };
      });
    });
  }

  async moreConversations(): Promise<void> {
    const after = this.store.get().moreConversations;
    if (after === null) return;
    await this.#try(async () => {
      const asked = { limit: pageConversations, after };
      const { conversations: more, next } = await this.#line.ask("conversations", asked);
      this.store.update((state) => {
        const known = new Set(state.conversations.map(({ id }) => id));
        const conversations = [...state.conversations, ...more.filter(({ id }) => !known.has(id))];
        return { ...state, conversations, moreConversations: next };
      });
    });
  }

  /** Looks for what other tabs and channels have done. */
  async refresh(): Promise<void> {
    const { link, place } = this.store.get();
    if (link.phase !== "open") return;
    await this.refreshConversations();
    if (place.view === "tasks") await this.tasks.refresh();
    else await this.chat.load();
  }

  dismissNotice(): void {
    this.store.update((state) => ({ ...state, notice: null }));
  }

  /** The line is open: everything goes on where it was. */
  async #begin(): Promise<void> {
    const { place } = this.store.get();
    if (place.view === "tasks") this.tasks.show(place.filter, place.taskId);
    await Promise.all([
      this.#try(async () => {
        const { runners } = await this.#line.ask("describe", {});
        this.store.update((state) => ({ ...state, runners }));
      }),
      this.chat.load(),
      this.refreshConversations(),
      this.outbox.deliverAll(),
    ]);
  }

  #taken(task: PortalTask): void {
    const { place, turns } = this.store.get();
    if (turns.has(task.id)) this.chat.isFollowed(task.id);
    else void this.#try(async () => void (await this.#line.ask("detach", { taskId: task.id })));
    if (place.view === "chat") this.#parts.showPlace(place, "replace");
    void this.refreshConversations();
  }

  /** Does it; what goes wrong is shown, but for a lost line, which shows by itself. */
  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#trouble(error);
    }
  }

  #trouble(error: unknown): void {
    const text = failureText(error);
    if (text !== null) this.#say(text);
  }

  #say(notice: string): void {
    this.store.update((state) => ({ ...state, notice }));
  }
}
