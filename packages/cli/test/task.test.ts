import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { document, documents, makeHome, type Home } from "./home.ts";

async function send(home: Home, script: string): Promise<string> {
  const { stdout, stderr } = await home.run(["send", script]);
  expect(stderr).toBe("");
  return stdout.trim();
}

const until = (home: Home, name: string): string => `until ${join(home.folder, name)}`;

test("events are printed whole, from a cursor, and live with --follow up to the end", async () => {
  const home = makeHome();
  await home.up();
  const id = await send(home, `text first\n${until(home, "go")}\ntext second\nsay end`);
  const following = home.start(["task", "events", id, "--follow", "--json"]);
  await expect.poll(following.stdout, { timeout: 10_000 }).toContain('"first"');
  const first = documents(following.stdout()).find(({ type }) => type === "turn.text");
  writeFileSync(join(home.folder, "go"), "");
  const followed = await following.ended;
  expect(followed).toMatchObject({ code: 0, stderr: "" });
  const live = documents(followed.stdout);
  expect(live.at(-1)).toMatchObject({ type: "task.completed" });
  const after = ["--after", String(first?.["cursor"])];
  const rest = await home.run(["task", "events", id, "--json", ...after]);
  expect(documents(rest.stdout)).toEqual(live.slice(Number(first?.["seq"])));
  const shown = await home.run(["task", "events", id]);
  expect(shown.stdout).toMatch(/says +first\nsays +second\n/);
  const bad = await home.run(["task", "events", id, "--after", "nonsense"]);
  expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining("CURSOR_INVALID") });
});

test("following goes on over a restart of the daemon, with no event missed or repeated", async () => {
  const home = makeHome();
  const first = await home.up();
  const id = await send(home, `text first\n${until(home, "go")}\nsay end`);
  const following = home.start(["task", "events", id, "--follow", "--json"]);
  await expect.poll(following.stdout, { timeout: 10_000 }).toContain('"first"');
  first.child.kill("SIGKILL");
  await first.ended;
  writeFileSync(join(home.folder, "go"), "");
  await home.up();
  const { stdout } = await following.ended;
  const events = documents(stdout);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(["task.completed", "task.failed"]).toContain(events.at(-1)?.["type"]);
});

test("cancel ends a task; it is told once, and waiting for it gives 1", async () => {
  const home = makeHome();
  await home.up();
  const id = await send(home, "wait");
  const cancelled = await home.run(["task", "cancel", id, "--reason", "enough", "--json"]);
  expect(document(cancelled.stdout)).toMatchObject({ changed: true });
  const waited = await home.run(["task", "wait", id, "--json", "--timeout", "15"]);
  expect(waited.code).toBe(1);
  expect(document(waited.stdout)).toMatchObject({ tasks: [{ error: { code: "cancelled" } }] });
  const again = await home.run(["task", "cancel", id]);
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("cancelled") });
  expect((await home.run(["task", "list"])).stdout).toMatch(new RegExp(`${id} +cancelled`));
});

test("wait gives 6 when the time is over", async () => {
  const home = makeHome();
  await home.up();
  const id = await send(home, "wait");
  const waited = await home.run(["task", "wait", id, "--timeout", "0", "--json"]);
  expect(waited.code).toBe(6);
  expect(document(waited.stdout)).toMatchObject({ timedOut: true });
});

test("a question is shown with how to answer it, and is answered once", async () => {
  const home = makeHome();
  await home.up();
  const id = await send(home, "ask May I?\nsay done");
  const waited = await home.run(["task", "wait", id, "--timeout", "15", "--json"]);
  expect(document(waited.stdout)).toMatchObject({ tasks: [{ status: "input_required" }] });
  const shown = await home.run(["task", "show", id]);
  const question = /question_\w{26}/.exec(shown.stdout)?.[0] ?? "";
  expect(shown.stdout).toContain(`${question} (open): May I?`);
  expect(await home.run(["task", "reply", id])).toMatchObject({ code: 2 });
  const replied = await home.run(["task", "reply", id, "--accept", "--json"]);
  expect(document(replied.stdout)).toMatchObject({
    question: { id: question, state: "answered", deadlineAt: expect.stringContaining("T") },
  });
  const ended = await home.run(["task", "wait", id, "--timeout", "15"]);
  expect(ended.code).toBe(0);
  expect((await home.run(["task", "events", id])).stdout).toContain("answered accept");
  const late = await home.run(["task", "reply", question, "--decline"]);
  expect(late).toMatchObject({ code: 5, stderr: expect.stringContaining("QUESTION_CLOSED") });
});

test("resume asks for the conversation, and continues an ended task in a new one", async () => {
  const home = makeHome();
  await home.up();
  const sent = await home.run(["send", "say one", "--conversation", "mine", "--json"]);
  const { task } = document(sent.stdout) as { task: { id: string; conversationId: string } };
  await home.run(["task", "wait", task.id]);
  const foreign = [
    "task",
    "resume",
    task.id,
    "--conversation",
    "conv_other",
    "--message",
    "say two",
  ];
  expect(await home.run(foreign)).toMatchObject({
    code: 5,
    stderr: expect.stringContaining("TASK_NOT_FOUND"),
  });
  const own = ["task", "resume", task.id, "--conversation", task.conversationId];
  const resumed = await home.run([...own, "--message", "say two", "--follow"]);
  expect(resumed).toMatchObject({ code: 0, stdout: "two\n" });
  const list = await home.run(["task", "list", "--json", "--limit", "1"]);
  expect(document(list.stdout)).toMatchObject({
    tasks: [{ continues: task.id, conversationId: task.conversationId }],
    next: expect.any(String),
  });
});

test("lists are paged, newest first, and filtered", async () => {
  const home = makeHome();
  await home.up();
  const ids = [await send(home, "say 1"), await send(home, "fail 2"), await send(home, "say 3")];
  await home.run(["task", "wait", ...ids]);
  const page = async (...args: string[]) =>
    document((await home.run(["task", "list", "--json", ...args])).stdout) as {
      tasks: { id: string }[];
      next: string | null;
    };
  const first = await page("--limit", "2");
  const second = await page("--limit", "2", "--after", first.next ?? "");
  expect([...first.tasks, ...second.tasks].map(({ id }) => id)).toEqual(ids.toReversed());
  expect((await page("--status", "failed")).tasks.map(({ id }) => id)).toEqual([ids[1]]);
});
