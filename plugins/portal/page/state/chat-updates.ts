import { emptyChat, type Outgoing, type State, type Update } from "./state.ts";
import { newTurn, withEvent, withTask, type Turn } from "./turn.ts";
import type { PortalEvent, PortalTask, Question } from "./wire.ts";

/** Changes one task that is shown; of others there is nothing to change. */
export function changeTurn(taskId: string, change: (turn: Turn) => Turn): Update {
  return (state) => {
    const turn = state.turns.get(taskId);
    if (turn === undefined) return state;
    const changed = change(turn);
    return changed === turn
      ? state
      : { ...state, turns: new Map(state.turns).set(taskId, changed) };
  };
}

export const addEvent = (event: PortalEvent): Update =>
  changeTurn(event.taskId, (turn) => withEvent(turn, event));

export const setTask = (task: PortalTask): Update =>
  changeTurn(task.id, (turn) => withTask(turn, task));

export const setQuestions = (taskId: string, questions: readonly Question[]): Update =>
  changeTurn(taskId, (turn) => ({ ...turn, questions }));

/** Opens a conversation, or a new one: what was shown of another is let go. */
export function openChat(conversationId: string | null): Update {
  return (state) => ({
    ...state,
    chat: { ...emptyChat, conversationId, isLoading: conversationId !== null },
    turns: new Map(),
  });
}

/** Shows tasks of the open conversation, each once, in the order in which they were made. */
export function showTasks(
  conversationId: string,
  tasks: readonly PortalTask[],
  earlier?: string | null,
): Update {
  return (state) => {
    if (state.chat.conversationId !== conversationId) return state;
    const turns = new Map(state.turns);
    for (const task of tasks) {
      const known = turns.get(task.id);
      turns.set(task.id, known === undefined ? newTurn(task) : withNewer(known, task));
    }
    const taskIds = [...turns.values()]
      .map(({ task }) => task)
      .toSorted((a, b) => (a.createdAt === b.createdAt ? 0 : a.createdAt < b.createdAt ? -1 : 1))
      .map(({ id }) => id);
    return {
      ...state,
      turns,
      chat: {
        ...state.chat,
        taskIds,
        isLoading: false,
        earlier: earlier === undefined ? state.chat.earlier : earlier,
      },
    };
  };
}

/** A list may be older than the events that came meanwhile: while they come, they count. */
const withNewer = (known: Turn, task: PortalTask): Turn =>
  known.reading === "live" ? known : withTask(known, task);

/** A message begins its way. */
export const addOutgoing =
  (message: Outgoing): Update =>
  (state) => ({ ...state, outbox: [...state.outbox, message] });

/** A message is no longer on its way. */
export const removeOutgoing =
  (key: string): Update =>
  (state) => ({ ...state, outbox: state.outbox.filter((message) => message.key !== key) });

/** The bridge refused a message, or it is tried again. */
export const setRefusal =
  (key: string, refusal: string | null): Update =>
  (state) => ({
    ...state,
    outbox: state.outbox.map((message) =>
      message.key === key ? { ...message, refusal } : message,
    ),
  });

/** The bridge has taken a message: its task stands in its place, and a new conversation has its id. */
export function taken(message: Outgoing, task: PortalTask): Update {
  return (state) => {
    const without = removeOutgoing(message.key)(state);
    const { conversationId } = task;
    if (conversationId === null) return without;
    const isMine = message.conversation !== null && message.conversation === state.chat.newName;
    const chat = isMine ? { ...without.chat, conversationId, newName: null } : without.chat;
    const place: State["place"] =
      isMine && state.place.view === "chat" ? { view: "chat", conversationId } : state.place;
    const outbox = without.outbox.map((other) =>
      other.conversation !== null && other.conversation === message.conversation
        ? { ...other, conversation: null, conversationId }
        : other,
    );
    return showTasks(conversationId, [task])({ ...without, chat, place, outbox });
  };
}

/** The messages on their way in the open conversation. */
export function outgoingHere({ chat, outbox }: State): readonly Outgoing[] {
  return outbox.filter(({ conversationId, conversation }) =>
    chat.conversationId === null
      ? conversation !== null && conversation === chat.newName
      : conversationId === chat.conversationId,
  );
}

/** Titles for conversations without a name: what was asked there last. @param tasks newest first */
export function notePrompts(tasks: readonly PortalTask[]): Update {
  return (state) => {
    const lastPrompts = new Map(state.lastPrompts);
    for (const { conversationId, prompt } of tasks.toReversed())
      if (conversationId !== null) lastPrompts.set(conversationId, prompt.slice(0, 200));
    return { ...state, lastPrompts };
  };
}
