import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { document, documents, makeHome, workingConfig } from "./home.ts";

test("send prints the task's id; --follow the answer on stdout and what happens on stderr", async () => {
  const home = makeHome();
  await home.up();
  const sent = await home.run(["send", "say hello"]);
  expect(sent).toMatchObject({ code: 0, stdout: expect.stringMatching(/^task_\w{26}\n$/) });
  const script = "think hmm\ntool ls -l\ntext so far\nusage\nsay the answer";
  const { code, stdout, stderr } = await home.run(["send", script, "--follow"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "the answer\n" });
  expect(stderr).toMatch(
    /task .*started .*thinking +hmm.*tool +shell ls -l.*says +so far.*completed/s,
  );
  expect(stderr).not.toContain("\u001b");
});

test("the text may come from stdin, begin with a dash after --, and hold anything", async () => {
  const home = makeHome();
  await home.up();
  const piped = await home.run(["send", "-", "--follow"], { input: "say from stdin" });
  expect(piped.stdout).toBe("from stdin\n");
  const evil = await home.run(["send", "--follow", "-"], {
    input: "text \u001b[2J\u0007a\u202eb\nsay \u001b]0;t\u0007ok \u0000漢",
  });
  expect(evil).toMatchObject({ code: 0, stdout: "ok 漢\n" });
  expect(evil.stderr).toContain("says      ab");
  const dashed = await home.run(["send", "--follow", "--", "-x"]);
  expect(dashed).toMatchObject({ code: 1, stderr: expect.stringContaining('unknown step "-x"') });
});

test("a failed task ends --follow with 1, and with 3 where the runner can not work", async () => {
  const home = makeHome();
  const daemon = await home.up();
  const failed = await home.run(["send", "fail on purpose", "--follow"]);
  expect(failed).toMatchObject({ code: 1, stdout: "" });
  expect(failed.stderr).toMatch(/failed +on purpose \(runner_failed, exit 3\)/);
  daemon.child.kill("SIGTERM");
  await daemon.ended;
  const problem = "codex was not found on the path. Install it, or set its path.";
  home.writeConfig({ ...workingConfig, plugins: { "scripted-plugin": { problems: [problem] } } });
  await home.up();
  const missing = await home.run(["send", "say hello", "--follow"]);
  expect(missing).toMatchObject({ code: 3, stdout: "" });
  expect(missing.stderr).toContain("codex was not found");
  expect(missing.stderr).toContain("runner_unavailable");
  expect((await home.run(["status"])).stdout).toMatch(
    /NOT READY, looked at .* ago: codex was not found/,
  );
});

test("with --json stdout holds JSON only: one document, or one a line when following", async () => {
  const home = makeHome();
  await home.up();
  const sent = await home.run(["send", "say hello", "--json"]);
  expect(document(sent.stdout)).toMatchObject({
    created: true,
    task: {
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      conversationId: expect.any(String),
    },
  });
  expect(sent.stderr).toBe("");
  const followed = await home.run(["send", "tool ls\nfail it", "--follow", "--json"]);
  expect(followed).toMatchObject({ code: 1, stderr: "" });
  const events = documents(followed.stdout);
  expect(events.at(-1)).toMatchObject({ type: "task.failed", at: expect.stringContaining("T") });
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
});

test("one key is one task, and a key with another request is a conflict", async () => {
  const home = makeHome();
  await home.up();
  const first = await home.run(["send", "say one", "--key", "k"]);
  const again = await home.run(["send", "say one", "--key", "k"]);
  expect(again).toMatchObject({ code: 0, stdout: first.stdout });
  expect(again.stderr).toContain("nothing new was started");
  expect(await home.run(["send", "say two", "--key", "k"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("IDEMPOTENCY_CONFLICT"),
  });
});

test("a conversation is named, found again by its id, and shown with its messages", async () => {
  const home = makeHome();
  await home.up();
  const sent = await home.run(["send", "say one", "--conversation", "mine", "--json"]);
  const { task } = document(sent.stdout) as { task: { id: string; conversationId: string } };
  const args = ["send", "say two", "--conversation", task.conversationId, "--follow"];
  expect((await home.run(args)).stdout).toBe("two\n");
  const shown = await home.run(["conversation", "show", task.conversationId, "--json"]);
  expect(document(shown.stdout)).toMatchObject({
    conversation: { id: task.conversationId, lastActiveAt: expect.stringContaining("T") },
    history: [{ text: "say one" }, { text: "one" }, { text: "say two" }, { text: "two" }],
  });
  expect((await home.run(["conversation", "show", task.conversationId])).stdout).toContain(
    "say two",
  );
  const list = await home.run(["conversation", "list", "--json"]);
  expect(document(list.stdout)["conversations"]).toMatchObject([{ id: task.conversationId }]);
  expect(await home.run(["conversation", "show", "conv_none"])).toMatchObject({ code: 5 });
});

test("refusals have their code and exit code, and nothing was accepted", async () => {
  const home = makeHome();
  await home.up();
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [["send", "x", "--kind", "unknown"], 2, "INPUT_INVALID"],
    [["send", "{}", "--kind", "unknown"], 3, "KIND_UNKNOWN"],
    [["send", "x", "--runner", "other"], 3, "ROUTE_NONE"],
    [["send", ""], 2, "The message is not valid: it is empty. (INPUT_INVALID)"],
    [["send", "-dash"], 2, "After `--`, a text may begin with a dash"],
    [["send"], 2, "INPUT_INVALID"],
    [["send", "x", "--folow"], 2, "(Did you mean --follow?)"],
    [["sned", "x"], 2, "(Did you mean send?)"],
    [[], 2, "a command is missing"],
    [["task", "list", "--limit", "0"], 2, "whole number from 1 to 1000"],
    [["task", "list", "--status", "done"], 2, "INPUT_INVALID"],
    [["task", "events", "task_none"], 5, "TASK_NOT_FOUND"],
  ];
  for (const [args, code, text] of cases) {
    const ended = await home.run(args);
    expect([args, ended.code]).toEqual([args, code]);
    expect(ended.stderr).toContain(text);
    expect(ended.stderr).not.toMatch(/^ +at .*:\d+/m);
    expect(ended.stdout).toBe("");
  }
  const tasks = document((await home.run(["task", "list", "--json"])).stdout)["tasks"];
  expect(tasks).toEqual([]);
});

test("a message of 10 MB and one nested 10,000 deep are refused, and the daemon goes on", async () => {
  const home = makeHome();
  await home.up();
  const large = await home.run(["send", "-"], { input: Buffer.alloc(10 * 1024 * 1024, "x") });
  expect(large).toMatchObject({ code: 2, stderr: expect.stringContaining("INPUT_TOO_LARGE") });
  const medium = await home.run(["send", "-"], { input: Buffer.alloc(300 * 1024, "x") });
  expect(medium).toMatchObject({ code: 2, stderr: expect.stringContaining("INPUT_TOO_LARGE") });
  const deep = "[".repeat(10_000) + "]".repeat(10_000);
  const nested = await home.run(["send", "-", "--kind", "prompt2"], { input: deep });
  expect(nested).toMatchObject({ code: 2, stderr: expect.stringContaining("INPUT_TOO_DEEP") });
  expect((await home.run(["send", "say hello", "--follow"])).stdout).toBe("hello\n");
});

test("an interrupt ends the following with 130, and the task goes on", async () => {
  const home = makeHome();
  await home.up();
  const go = join(home.folder, "go");
  const following = home.start(["send", `until ${go}\nsay done`, "--follow"]);
  await expect.poll(following.stderr, { timeout: 10_000 }).toContain("session");
  following.child.kill("SIGINT");
  const { code, stdout, stderr } = await following.ended;
  expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
  expect(stderr).toMatch(/task_\w+ goes on\. `agent-bridge task events/);
  writeFileSync(go, "");
  const id = /task_\w{26}/.exec(stderr)?.[0] ?? "";
  expect(await home.run(["task", "wait", id, "--timeout", "15"])).toMatchObject({ code: 0 });
});

test("a closed pipe is quiet", async () => {
  const home = makeHome();
  await home.up();
  const lines = Array.from({ length: 200 }, (_, index) => `text ${"x".repeat(500)} ${index}`);
  const { stdout } = await home.run([
    "send",
    [...lines, "say end"].join("\n"),
    "--follow",
    "--json",
  ]);
  const { taskId } = documents(stdout)[0] as { taskId: string };
  const reading = home.start(["task", "events", taskId, "--json"]);
  reading.child.stdout?.once("data", () => reading.child.stdout?.destroy());
  const { code, stderr } = await reading.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
