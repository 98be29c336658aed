import { createHash } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import type { Answer, JsonObject, QuestionText } from "@agent-bridge/core";
import {
  brokenInvariants,
  outputOf,
  recordTurn,
  turnIo,
  type RecordedTurn,
} from "@agent-bridge/testing/runner-conformance";
import { fakeRunner, temporaryFolder } from "./fake-codex.ts";
import { turnOptions } from "./real-codex.ts";

const { folder, remove } = temporaryFolder();
afterAll(remove);

/** Lets the fake Codex send one request. */
async function asked(
  request: readonly [method: string, params: JsonObject] | string,
  answer: Answer = { action: "accept" },
): Promise<{ question: QuestionText | undefined; reply: unknown; turn: RecordedTurn }> {
  const prompt =
    typeof request === "string" ? request : `ask ${request[0]}|${JSON.stringify(request[1])}`;
  const io = turnIo({ answer: () => answer });
  const turn = await recordTurn({
    runner: fakeRunner(folder),
    options: turnOptions(),
    prompt,
    io,
  });
  expect(brokenInvariants(turn)).toEqual([]);
  const reply: unknown = typeof request === "string" ? undefined : JSON.parse(outputOf(turn));
  return { question: io.questions[0], reply, turn };
}

const sha256 = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex");

/** Codex's request for the answers to some questions. */
const ask = (...ids: string[]) =>
  [
    "item/tool/requestUserInput",
    {
      itemId: "call",
      questions: ids.map((id) => ({
        id,
        header: "H",
        question: `Which ${id}?`,
        options: [{ label: "A", description: "the first" }],
      })),
    },
  ] as const;

/** Codex's request for a form of an MCP server. */
const form = (properties: JsonObject) =>
  [
    "mcpServer/elicitation/request",
    {
      mode: "form",
      serverName: "files",
      message: "Allow it?",
      requestedSchema: { type: "object", properties },
      _meta: { tool: "delete" },
    },
  ] as const;

describe("approvals", () => {
  test("a command is shown exactly, and the answer binds to what is shown", async () => {
    const { question, turn } = await asked("approve");
    expect(question).toEqual({
      type: "approval",
      title: "Run rm -r x",
      details: { command: "rm -r x", cwd: "/" },
      bindsTo: sha256({ command: "rm -r x", cwd: "/" }),
    });
    expect(outputOf(turn)).toBe("accept");
  });

  test("a declined command is not run, and the turn goes on", async () => {
    const { turn } = await asked("approve", { action: "decline" });
    expect(outputOf(turn)).toBe("decline");
    expect(turn.events).toContainEqual(
      expect.objectContaining({ type: "tool_result", status: "error", output: "declined" }),
    );
  });

  test("a change of files that was never shown is declined, and nobody is asked", async () => {
    const { question, reply, turn } = await asked([
      "item/fileChange/requestApproval",
      { itemId: "never-seen" },
    ]);
    expect(question).toBeUndefined();
    expect(reply).toEqual({ decision: "decline" });
    expect(turn.events).toContainEqual(expect.objectContaining({ type: "notice" }));
  });

  test("permissions are granted for this turn only, and only those that were asked for", async () => {
    const permissions = { network: { enabled: true }, fileSystem: null };
    const request = ["item/permissions/requestApproval", { cwd: "/", permissions }] as const;
    const { question, reply } = await asked(request);
    expect(question).toMatchObject({ details: { permissions: { network: { enabled: true } } } });
    expect(reply).toEqual({ permissions: { network: { enabled: true } }, scope: "turn" });
    const declined = await asked(request, { action: "decline" });
    expect(declined.reply).toEqual({ permissions: {}, scope: "turn" });
  });

  test.each([
    "item/somethingNew/requestApproval",
    "execCommandApproval",
    "item/tool/call",
    "toString",
  ])("%s is not known and is refused", async (method) => {
    const { question, reply } = await asked([method, {}]);
    expect(question).toBeUndefined();
    expect(reply).toEqual({ error: -32601 });
  });

  test("a known request of an unknown shape is refused", async () => {
    const { reply } = await asked(["item/commandExecution/requestApproval", { command: 7 }]);
    expect(reply).toEqual({ error: -32601 });
  });

  test("a question that Codex withdraws is not answered any more", async () => {
    const { turn } = await asked("withdrawn");
    expect(outputOf(turn)).toBe("withdrawn");
  });

  test("a question that can not be put ends the turn", async () => {
    const io = turnIo({
      answer: () => {
        throw new Error("the claim is lost");
      },
    });
    const turn = await recordTurn({
      runner: fakeRunner(folder),
      options: turnOptions(),
      prompt: "approve",
      io,
    });
    expect(brokenInvariants(turn)).toEqual([]);
    expect(turn.end).toEqual({ type: "end", outcome: "failed", message: "the claim is lost" });
  });
});

describe("input", () => {
  test("is asked with its options, and answered by question", async () => {
    const content = { a: "A", b: ["B", "C"], stranger: "x" };
    const { question, reply } = await asked(ask("a", "b"), { action: "accept", content });
    expect(question).toMatchObject({ type: "input", title: "Which a? / Which b?" });
    expect(question?.details).toMatchObject({ questions: [{ id: "a" }, { id: "b" }] });
    expect(reply).toEqual({ answers: { a: { answers: ["A"] }, b: { answers: ["B", "C"] } } });
  });

  test("one question takes one text", async () => {
    const { reply } = await asked(ask("a"), { action: "accept", content: "blue" });
    expect(reply).toEqual({ answers: { a: { answers: ["blue"] } } });
  });

  test("declined, it gets no answers", async () => {
    const { reply } = await asked(ask("a"), { action: "decline" });
    expect(reply).toEqual({ answers: {} });
  });
});

describe("what an MCP server asks", () => {
  test("is input when its form has fields", async () => {
    const { question, reply } = await asked(form({ name: { type: "string" } }), {
      action: "accept",
      content: { name: "x" },
    });
    expect(question).toMatchObject({ type: "input", title: "files: Allow it?" });
    expect(reply).toEqual({ action: "accept", content: { name: "x" }, _meta: null });
  });

  test("is an approval when it has none, bound to what is shown", async () => {
    const { question, reply } = await asked(form({}));
    expect(question).toMatchObject({ type: "approval", details: { meta: { tool: "delete" } } });
    expect(question?.bindsTo).toBe(sha256(question?.details));
    expect(reply).toEqual({ action: "accept", content: {}, _meta: null });
  });

  test("is declined as Codex wants it", async () => {
    const { reply } = await asked(form({}), { action: "decline" });
    expect(reply).toEqual({ action: "decline", content: null, _meta: null });
  });

  test("shows an address, and takes no content for it", async () => {
    const url = "https://example.org/consent";
    const { question, reply } = await asked([
      "mcpServer/elicitation/request",
      { mode: "url", serverName: "files", message: "Sign in", url, elicitationId: "1" },
    ]);
    expect(question).toMatchObject({ type: "approval", details: { url } });
    expect(reply).toEqual({ action: "accept", content: null, _meta: null });
  });

  test("to verify a person is refused: nobody is at this machine", async () => {
    const { question, reply } = await asked([
      "mcpServer/elicitation/request",
      { mode: "openai/userVerification", serverName: "s", title: "t", challenge: "c" },
    ]);
    expect(question).toBeUndefined();
    expect(reply).toEqual({ error: -32601 });
  });
});
