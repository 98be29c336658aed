import { beforeEach, describe, expect, test } from "vitest";
import { createPlatformState, fakeTools } from "../../src/fake-platform/index.ts";
import type { FakeTools, PlatformState } from "../../src/fake-platform/index.ts";

let state: PlatformState;
let tools: FakeTools;
beforeEach(() => {
  state = createPlatformState();
  tools = fakeTools(state, { secondMs: 1 });
});

const wait = async (seconds = 60): Promise<unknown> =>
  JSON.parse(await tools.wait_for_message({ timeout_secs: seconds })) as unknown;

const timers = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;

const send = (): Promise<string> =>
  tools.send_message_to_user({ message: "hi", workspace_id: "ws-self" });

const delegate = (input: object = {}): Promise<string> =>
  tools.delegate_task({
    workspace_id: "ws-peer",
    task: "do it",
    source_workspace_id: "ws-self",
    ...input,
  });

describe("wait_for_message", () => {
  test("shows the head of the queue and does not remove it", async () => {
    state.addCanvas({ workspace: "ws-self", text: ["one", "two"], id: "a" });
    state.addPeer({ workspace: "ws-self", peer: "ws-peer", text: "later", id: "b" });
    const head = await wait();
    expect(head).toEqual({
      activity_id: "a",
      text: "one\ntwo",
      kind: "canvas_user",
      peer_id: "",
      arrival_workspace_id: "ws-self",
      method: "message/send",
      created_at: expect.any(String) as string,
    });
    expect(await wait()).toEqual(head);
  });

  test("shows a peer's message with who the peer is, and what it attached", async () => {
    state.setWorkspace({ id: "ws-peer", name: "Peer", role: "tester" });
    const attachments = [{ kind: "image", uri: "workspace:a.png" }] as const;
    state.addPeer({ workspace: "ws-self", peer: "ws-peer", text: "hi", attachments });
    expect(await wait()).toMatchObject({
      kind: "peer_agent",
      peer_id: "ws-peer",
      peer_name: "Peer",
      peer_role: "tester",
      agent_card_url: expect.stringContaining("ws-peer") as string,
      attachments,
    });
  });

  test("shows a delegation's result as a kind of its own", async () => {
    const result = { workspace: "ws-self", peer: "ws-peer", text: "done", delegationId: "d" };
    state.addDelegateResult(result);
    expect(await wait()).toMatchObject({
      kind: "delegation_result",
      method: "delegate_result",
      peer_id: "ws-peer",
      text: "done",
    });
  });

  test("answers with a time-out when nothing comes", async () => {
    expect(await wait(5)).toEqual({ timeout: true, timeout_secs: 5 });
    expect(await wait(301)).toEqual({ timeout: true, timeout_secs: 300 });
  });

  test("wakes when a message comes, and leaves nothing behind", async () => {
    const before = timers();
    const patient = fakeTools(state);
    const answer = patient.wait_for_message({});
    state.notify("ws-self", "no message for the agent");
    state.addCanvas({ workspace: "ws-self", text: "hi", id: "a" });
    expect(JSON.parse(await answer)).toMatchObject({ activity_id: "a" });
    expect(timers()).toBe(before);
  });

  test("rejects when the caller gives up", async () => {
    const leave = new AbortController();
    const answer = fakeTools(state).wait_for_message({}, { signal: leave.signal });
    leave.abort();
    await expect(answer).rejects.toThrow("abort");
  });

  test("what the agent itself wrote is no message", async () => {
    await tools.send_message_to_user({ message: "hello" });
    await tools.delegate_task({ workspace_id: "ws-elsewhere", task: "t" });
    expect(await wait(1)).toMatchObject({ timeout: true });
  });

  test("an older platform's shape, or a broken one, can be given", async () => {
    const shaped = fakeTools(state, {
      shape: ({ arrival_workspace_id, ...rest }) => ({
        ...rest,
        workspace_id: arrival_workspace_id,
      }),
    });
    state.addCanvas({ workspace: "ws-self", text: "hi" });
    const message: unknown = JSON.parse(await shaped.wait_for_message({}));
    expect(message).toMatchObject({ workspace_id: "ws-self" });
    expect(message).not.toHaveProperty("arrival_workspace_id");
  });
});

describe("inbox_peek and inbox_pop", () => {
  test("peek shows the queue in order, up to its limit", async () => {
    for (const id of ["a", "b", "c"]) state.addCanvas({ workspace: "ws-self", text: id, id });
    const peek = async (limit?: number): Promise<string[]> => {
      const text = await tools.inbox_peek(limit === undefined ? {} : { limit });
      return (JSON.parse(text) as { activity_id: string }[]).map((one) => one.activity_id);
    };
    expect(await peek()).toEqual(["a", "b", "c"]);
    expect(await peek(2)).toEqual(["a", "b"]);
    await tools.inbox_pop({ activity_id: "b" });
    expect(await peek()).toEqual(["a", "c"]);
  });

  test("pop removes once and is idempotent", async () => {
    state.addCanvas({ workspace: "ws-self", text: "hi", id: "a" });
    const pops = [];
    for (const id of ["a", "a", "unknown"]) {
      pops.push(JSON.parse(await tools.inbox_pop({ activity_id: id })));
    }
    expect(pops).toEqual([
      { removed: true, activity_id: "a" },
      { removed: false, activity_id: "a" },
      { removed: false, activity_id: "unknown" },
    ]);
    expect(await wait(1)).toMatchObject({ timeout: true });
  });

  test("a pop that failed leaves the message at the head", async () => {
    state.addCanvas({ workspace: "ws-self", text: "hi", id: "a" });
    state.faults.arm({ endpoint: "inbox_pop", fault: "status", status: 500 });
    expect(await tools.inbox_pop({ activity_id: "a" })).toMatch(/^Error:/);
    expect(await wait()).toMatchObject({ activity_id: "a" });
  });
});

describe("send_message_to_user", () => {
  test("says that it sent, and does not deduplicate", async () => {
    expect([await send(), await send()]).toEqual(["Message sent to user", "Message sent to user"]);
    expect(state.sent.entries()).toMatchObject([
      { via: "tools", endpoint: "send_message_to_user", workspace: "ws-self", effect: "done" },
      { effect: "done" },
    ]);
  });

  test.each([
    [{ fault: "status", status: 500 } as const, "Error: platform returned 500"],
    [{ fault: "talk_to_user_disabled" } as const, "Error: this workspace is not allowed"],
    [{ fault: "answer", text: "Error: whatever" } as const, "Error: whatever"],
  ])("%o is told as text, not raised", async (fault, text) => {
    state.faults.arm({ endpoint: "send_message_to_user", ...fault });
    expect(await send()).toContain(text);
    expect(state.sent.entries()).toMatchObject([{ effect: "none" }]);
  });

  test("an answer that was lost is an error text, though the user saw the message", async () => {
    state.faults.arm({ endpoint: "send_message_to_user", fault: "close_after" });
    expect(await send()).toMatch(/^Error sending message:/);
    expect(state.sent.entries()).toMatchObject([{ effect: "done", status: null }]);
  });

  test("an empty message is refused as text", async () => {
    expect(await tools.send_message_to_user({ message: "" })).toMatch(/^Error:/);
  });

  test("rejects only when the tools themselves are gone, or the caller gives up", async () => {
    state.faults.arm({ endpoint: "send_message_to_user", fault: "close" });
    await expect(send()).rejects.toThrow("closed");
    state.faults.arm({ endpoint: "send_message_to_user", fault: "hang" });
    const leave = new AbortController();
    const stuck = tools.send_message_to_user({ message: "hi" }, { signal: leave.signal });
    leave.abort();
    await expect(stuck).rejects.toThrow("abort");
  });
});

describe("delegate_task", () => {
  test("answers with the peer's text and puts the task into the peer's inbox", async () => {
    tools = fakeTools(state, { peerAnswer: (task) => `did: ${task}` });
    expect(await delegate()).toBe("did: do it");
    expect(await wait()).toMatchObject({
      arrival_workspace_id: "ws-peer",
      peer_id: "ws-self",
      text: "do it",
    });
  });

  test("does not deduplicate: the tool knows no key", async () => {
    await delegate();
    await delegate();
    expect(state.sent.entries().map((entry) => entry.effect)).toEqual(["done", "done"]);
  });

  test("failures are texts", async () => {
    expect(await delegate({ workspace_id: "ws-self" })).toBe(
      "Error: self-delegation not permitted",
    );
    state.faults.arm({ endpoint: "delegate_task", fault: "status", status: 503 });
    expect(await delegate()).toMatch(/^DELEGATION FAILED/);
    state.faults.arm({ endpoint: "delegate_task", fault: "close_after" });
    expect(await delegate()).toMatch(/^DELEGATION FAILED/);
    expect(state.sent.entries().map((entry) => entry.effect)).toEqual(["none", "none", "done"]);
  });
});

describe("malformed answers", () => {
  test.each([
    ["not_json", "not json at all"],
    ["json_string", '"a string'],
  ] as const)("%s can be armed for wait_for_message", async (fault, text) => {
    state.addCanvas({ workspace: "ws-self", text: "hi" });
    state.faults.arm({ endpoint: "wait_for_message", fault });
    expect(await tools.wait_for_message({})).toContain(text);
    expect(await wait()).toMatchObject({ text: "hi" });
    expect(state.sent.polls()).toEqual({ "*": 2 });
  });

  test("a poll that fails rejects, or answers with an error text", async () => {
    state.faults.arm({ endpoint: "wait_for_message", fault: "close" });
    await expect(tools.wait_for_message({})).rejects.toThrow("closed");
    state.faults.arm({ endpoint: "wait_for_message", fault: "status", status: 500 });
    expect(await tools.wait_for_message({})).toMatch(/^Error:/);
  });
});
