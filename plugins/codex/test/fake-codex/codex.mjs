#!/usr/bin/env node
/*
 * A program that speaks the lines of `codex app-server`, as recorded from 0.169 and cut to their members, and that
 * behaves as badly as it is told: by `FAKE_CODEX` at its start, by the first word of the prompt in its turn.
 */
import { createInterface } from "node:readline";
import { turns } from "./turns.mjs";
import { finish, notify, send, state, waiting } from "./wire.mjs";

const manner = process.env["FAKE_CODEX"] ?? "";
const initialized = {
  userAgent: "agent-bridge/0.0.1-fake (x)",
  codexHome: process.env["CODEX_HOME"] ?? "",
};

const replies = {
  initialize: (id) => {
    if (manner === "mute") return;
    if (manner === "noisy") notify("warning", { threadId: null, message: "from the beginning" });
    send({ id, result: initialized });
  },
  "account/read": (id) =>
    send({ id, result: { account: null, requiresOpenaiAuth: manner === "signedOut" } }),
  "thread/start": (id) => {
    if (manner === "refusing") {
      send({ id, error: { code: -32600, message: `thread x already has an active writer` } });
    } else send({ id, result: { thread: { id: state.threadId } } });
  },
  "thread/resume": (id, params) => {
    if (manner === "stale" || params.threadId === "gone") {
      const message = `no rollout found for thread id ${params.threadId}`;
      send({ id, error: { code: -32600, message } });
      return;
    }
    if (manner !== "forgetful") state.threadId = params.threadId;
    state.tokens = 10;
    send({ id, result: { thread: { id: state.threadId } } });
  },
  "turn/start": (id, params) => {
    send({ id, result: { turn: { id: state.turnId } } });
    notify("turn/started", { turn: { id: state.turnId } });
    const [, name, rest] = /^(\w*) ?([\s\S]*)$/.exec(params.input[0].text);
    void turns[name](rest);
  },
  "turn/interrupt": (id) => {
    if (manner === "polite") {
      send({ id, result: {} });
      finish("interrupted");
    }
  },
};

if (process.argv[2] === "sandbox") {
  if (manner === "noSandbox") process.stderr.write("bwrap: Creating new namespace failed\n");
  process.exit(manner === "noSandbox" ? 1 : 0);
}
if (manner === "broken") {
  process.stderr.write("Error: CODEX_HOME points to nowhere\n", () => process.exit(1));
} else {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const message = JSON.parse(line);
    if (message.method === undefined) waiting.get(message.id)?.(message);
    else replies[message.method]?.(message.id, message.params);
  });
  lines.on("close", () => {
    if (process.listenerCount("SIGTERM") === 0) process.exit(0);
  });
}
