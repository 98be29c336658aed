import { expect, test } from "vitest";
import {
  addOutgoing,
  openChat,
  outgoingHere,
  showTasks,
  taken,
} from "../../page/state/chat-updates.ts";
import { nameFor, titleOf } from "../../page/state/conversation-title.ts";
import { readPlace } from "../../page/state/place.ts";
import { initialState, type Outgoing, type State, type Update } from "../../page/state/state.ts";
import { createStore } from "../../page/state/store.ts";
import { taskOf } from "./events.ts";

const stateOf = (...updates: readonly Update[]): State =>
  updates.reduce((state, update) => update(state), initialState(readPlace("")));

const outgoing = (more: Partial<Outgoing> = {}): Outgoing => ({
  key: "k1",
  text: "hello",
  conversationId: null,
  conversation: "hello · abc123",
  runner: null,
  refusal: null,
  ...more,
});
const named: Update = (state) => ({ ...state, chat: { ...state.chat, newName: "hello · abc123" } });

test("the first message of a new conversation makes it the open one, and the next ones follow there", () => {
  const first = outgoing();
  const state = stateOf(
    openChat(null),
    named,
    addOutgoing(first),
    addOutgoing(outgoing({ key: "k2" })),
  );
  expect(outgoingHere(state)).toHaveLength(2);
  const after = taken(first, taskOf())(state);
  expect(after.place).toEqual({ view: "chat", conversationId: "conv_1" });
  expect(after.chat.taskIds).toEqual(["task_1"]);
  expect(outgoingHere(after)).toMatchObject([
    { key: "k2", conversationId: "conv_1", conversation: null },
  ]);
});

test("a message that was taken while another conversation is open changes nothing there", () => {
  const message = outgoing({ conversationId: "conv_1", conversation: null });
  const state = stateOf(addOutgoing(message), openChat("conv_2"));
  const after = taken(message, taskOf())(state);
  expect(after.chat).toEqual(state.chat);
  expect(after.turns.size).toBe(0);
  expect(after.outbox).toEqual([]);
});

test("tasks stand in the order in which they were made, each once", () => {
  const at = (id: string, createdAt: string) => taskOf({ id, createdAt });
  const state = stateOf(
    openChat("conv_1"),
    showTasks("conv_1", [at("b", "2026-01-02"), at("a", "2026-01-01")], "more"),
    showTasks("conv_1", [at("c", "2026-01-03"), at("b", "2026-01-02")]),
    showTasks("conv_2", [at("d", "2026-01-04")]),
  );
  expect(state.chat.taskIds).toEqual(["a", "b", "c"]);
  expect(state.chat.earlier).toBe("more");
});

test("a list that is older than the events does not take a task back", () => {
  const state = stateOf(openChat("conv_1"), showTasks("conv_1", [taskOf({ status: "running" })]));
  const turn = state.turns.get("task_1");
  if (turn === undefined) throw new Error("The task is not shown.");
  const live = { ...state, turns: new Map([["task_1", { ...turn, reading: "live" as const }]]) };
  const after = showTasks("conv_1", [taskOf({ status: "pending" })])(live);
  expect(after.turns.get("task_1")?.task.status).toBe("running");
});

test("a conversation is called by its name, else by what was asked there", () => {
  const name = nameFor(`Mend the ${"very ".repeat(40)}long thing`, "abc123");
  expect(name).toMatch(/^Mend the very .*very… · abc123$/);
  const of = (more: object) =>
    titleOf({ id: "conv_xyz123", name: "task:1", channel: null, ...more }, "asked");
  expect(of({ name: `name:${nameFor("Hello there", "abc123")}` })).toBe("Hello there");
  expect(of({})).toBe("asked");
  expect(of({ channel: "molecule", name: "room" })).toBe("molecule: room");
  expect(titleOf({ id: "conv_xyz123", name: "task:1", channel: null }, undefined)).toBe(
    "Conversation xyz123",
  );
});

test("many changes are told of once", () => {
  const due: (() => void)[] = [];
  let told = 0;
  const store = createStore(stateOf(), (tell) => void due.push(tell));
  const end = store.subscribe(() => told++);
  store.update(openChat("a"));
  store.update(openChat("b"));
  expect([due.length, told, store.get().chat.conversationId]).toEqual([1, 0, "b"]);
  due.pop()?.();
  expect(told).toBe(1);
  end();
  store.update(openChat("c"));
  due.pop()?.();
  expect(told).toBe(1);
});
