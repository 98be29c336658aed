import { writeSync } from "node:fs";

/** The thread and turn that are spoken of. */
export const state = { threadId: `thread-${process.pid}`, turnId: "turn-1", tokens: 0 };

let lastRequest = 100;
/** The id that the next request will have. */
export const nextRequest = () => lastRequest;
/** Requests that wait for a reply. */
export const waiting = new Map();

/** Writes at once and whole, as far as the pipe allows; the pipe's reader decides how fast. */
export const write = (text) => {
  let rest = Buffer.isBuffer(text) ? text : Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
};
export const send = (message) => write(`${JSON.stringify(message)}\n`);
export const notify = (method, params) =>
  send({ method, params: { threadId: state.threadId, turnId: state.turnId, ...params } });
export const ask = (method, params) =>
  new Promise((resolve) => {
    const id = lastRequest++;
    waiting.set(id, resolve);
    send({ method, id, params: { threadId: state.threadId, turnId: state.turnId, ...params } });
  });
export const started = (item) => notify("item/started", { item });
export const completed = (item) => notify("item/completed", { item });
export const delta = (text) => notify("item/agentMessage/delta", { itemId: "msg", delta: text });
export const say = (text, id = "msg", phase = null) =>
  completed({ type: "agentMessage", id, text, phase });
export const count = (added) => {
  state.tokens += added;
  const { tokens } = state;
  const total = { inputTokens: tokens * 5, cachedInputTokens: 0, outputTokens: tokens };
  notify("thread/tokenUsage/updated", {
    tokenUsage: { total: { ...total, reasoningOutputTokens: 0 } },
  });
};
export const finish = (status = "completed", error = null) =>
  notify("turn/completed", { turn: { id: state.turnId, status, error, items: [] } });
export const command = (text, rest = {}) => ({
  type: "commandExecution",
  id: "call",
  command: text,
  cwd: "/",
  status: "inProgress",
  aggregatedOutput: null,
  exitCode: null,
  ...rest,
});
export const file = { path: "/tmp/f.txt", kind: { type: "add" }, diff: "new\n" };
