import { spawn } from "node:child_process";
import {
  ask,
  command,
  completed,
  count,
  delta,
  file,
  finish,
  nextRequest,
  notify,
  say,
  send,
  started,
  state,
  write,
} from "./wire.mjs";

const here = () => ({ threadId: state.threadId, turnId: state.turnId });

/** A process in a session of its own that holds this one's output open and does not care for SIGTERM. */
const leave = () => {
  const script =
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); process.send("up");';
  const child = spawn(process.execPath, ["-e", script], {
    detached: true,
    stdio: ["ignore", "inherit", "ignore", "ipc"],
  });
  return new Promise((resolve) => {
    child.once("message", () => {
      child.disconnect();
      child.unref();
      resolve(child.pid);
    });
  });
};
const beStubborn = () => {
  process.on("SIGTERM", () => {});
  process.on("SIGINT", () => {});
  setInterval(() => {}, 1000);
};

/** What a turn does, by the first word of its prompt. */
export const turns = {
  echo: (word) => {
    delta(word.slice(0, 2));
    delta(word.slice(2));
    say(word);
    count(10);
    finish();
  },
  think: () => {
    notify("item/reasoning/summaryTextDelta", { itemId: "rs", delta: "hmm" });
    completed({ type: "reasoning", id: "rs", summary: ["hmm, well"], content: [] });
    say("thought");
    finish();
  },
  tool: (exitCode) => {
    started(command("work"));
    const status = exitCode === "0" ? "completed" : "failed";
    completed(command("work", { status, aggregatedOutput: "out", exitCode: Number(exitCode) }));
    say("used it");
    finish();
  },
  change: () => {
    started({ type: "fileChange", id: "patch", changes: [file], status: "inProgress" });
    completed({ type: "fileChange", id: "patch", changes: [file], status: "completed" });
    say("changed it");
    finish();
  },
  long: (length) => {
    say("y".repeat(Number(length)));
    finish();
  },
  fail: (word) => finish("failed", { message: `It failed with ${word}.`, codexErrorInfo: word }),
  failLate: (word) => {
    started(command("work"));
    turns.fail(word);
  },
  silent: () => {},
  endless: () => {
    beStubborn();
    delta("an answer that");
    setInterval(() => delta(" goes on"), 20);
  },
  stubborn: async () => {
    beStubborn();
    const pid = await leave();
    delta("partly");
    started(command(`pid ${pid}`));
  },
  orphan: async () => {
    say(String(await leave()));
    finish();
  },
  linger: () => {
    beStubborn();
    say("done");
    finish();
  },
  vanish: () => {
    started(command("work"));
    process.exit(0);
  },
  crash: () => {
    process.stderr.write("a warning\nError: the disk is on fire\nmore words\n", () =>
      process.exit(3),
    );
  },
  half: () => {
    say("before");
    write('{"method":"item/completed","params":{"thr');
    process.exit(0);
  },
  split: async (text) => {
    const line = JSON.stringify({
      method: "item/completed",
      params: { ...here(), item: { type: "agentMessage", id: "msg", text, phase: null } },
    });
    // Byte by byte, each in a read of its own as a rule: every character of more than one byte is split.
    for (const byte of Buffer.from(`${line}\r\n`)) {
      write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    finish();
  },
  malformed: () => {
    write("this is no JSON\n[1,2\nnull\n\n");
    send({ method: "item/agentMessage/delta", params: "of another shape" });
    send({ jsonrpc: "2.0", id: 999, result: "for nobody" });
    notify("no/such/notification", { deep: { er: 1 } });
    say("still here");
    finish();
  },
  longLine: (length) => {
    delta("before");
    write(`{"method":"x","params":"${"z".repeat(Number(length))}"}\n`);
    finish();
  },
  retry: () => {
    const error = { message: "Reconnecting... 1/5", codexErrorInfo: "other" };
    notify("error", { error, willRetry: true });
    notify("warning", { message: "slow today" });
    say("recovered");
    finish();
  },
  others: () => {
    const item = { type: "agentMessage", id: "m", text: "of another", phase: null };
    send({ method: "item/completed", params: { ...here(), threadId: "other", item } });
    send({ method: "item/completed", params: { ...here(), turnId: "other", item } });
    const turn = { id: "other", status: "failed", error: null, items: [] };
    send({ method: "turn/completed", params: { ...here(), turn } });
    say("of this one");
    finish();
  },
  phases: () => {
    say("working on it", "m1", "commentary");
    say("the answer", "m2", "final_answer");
    say("by the way", "m3", "commentary");
    finish();
  },
  summary: () => {
    const item = { type: "agentMessage", id: "m", text: "only in the summary", phase: null };
    notify("turn/completed", {
      turn: { id: state.turnId, status: "completed", error: null, items: [item] },
    });
  },
  plan: () => {
    const plan = [
      { step: "one", status: "completed" },
      { step: "two", status: "inProgress" },
      { step: "three", status: "pending" },
    ];
    notify("turn/plan/updated", { explanation: null, plan });
    say("planned");
    finish();
  },
  shape: () => notify("turn/completed", { turn: { id: state.turnId } }),
  ask: async (words) => {
    const [method, json = "{}"] = words.split("|");
    const reply = await ask(method, JSON.parse(json));
    say(JSON.stringify(reply.result ?? { error: reply.error.code }));
    finish();
  },
  approve: async () => {
    started(command("rm -r x"));
    const reply = await ask("item/commandExecution/requestApproval", {
      itemId: "call",
      command: "rm -r x",
      cwd: "/",
      reason: null,
    });
    const status = reply.result.decision === "accept" ? "completed" : "declined";
    completed(command("rm -r x", { status, exitCode: status === "completed" ? 0 : null }));
    say(reply.result.decision);
    finish();
  },
  withdrawn: async () => {
    const id = nextRequest();
    void ask("item/commandExecution/requestApproval", { itemId: "call", command: "x", cwd: "/" });
    send({ method: "serverRequest/resolved", params: { ...here(), requestId: id } });
    say("withdrawn");
    finish();
  },
  flood: (bytes) => {
    const chunk = "f".repeat(64 * 1024);
    for (let sent = 0; sent < Number(bytes); sent += 2 * chunk.length) {
      notify("item/commandExecution/outputDelta", { itemId: "call", delta: chunk });
      delta(chunk);
    }
    say("dry");
    finish();
  },
};
