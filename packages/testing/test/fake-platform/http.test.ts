import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startFakePlatform } from "../../src/fake-platform/index.ts";
import type { FakePlatform } from "../../src/fake-platform/index.ts";
import { agent } from "./agent.ts";
import type { Agent } from "./agent.ts";

let platform: FakePlatform;
let self: Agent;
beforeEach(async () => {
  platform = await startFakePlatform();
  self = agent(platform.url);
});
afterEach(async () => {
  await platform.close();
});

const entries = (): ReturnType<FakePlatform["log"]>["entries"] => platform.log().entries;

const ack = (seq: unknown): Promise<{ status: number; body: unknown }> =>
  self.post("/workspaces/ws-self/activity/ack", { acked_seq: seq });

const notify = (message: unknown): Promise<{ status: number; body: unknown }> =>
  self.post("/workspaces/ws-self/notify", { message });

const delegate = (body: object): Promise<{ status: number; body: unknown }> =>
  self.post("/workspaces/ws-self/delegate", { target_id: "ws-peer", task: "do it", ...body });

describe("the door", () => {
  const path = "/workspaces/ws-self/notify";
  test.each([
    ["no token", { authorization: "" }, 401],
    ["an unknown token", { authorization: "Bearer nobody" }, 401],
    ["no origin", { origin: "" }, 403],
    ["another origin", { origin: "http://elsewhere" }, 403],
  ])("a call with %s is turned away and does nothing", async (_name, headers, status) => {
    const answer = await self.post(path, { message: "hi" }, headers);
    expect(answer.status).toBe(status);
    expect(entries()).toMatchObject([{ endpoint: "notify", effect: "none", status }]);
  });

  test("a workspace's token opens no other workspace", async () => {
    platform.state.setWorkspace({ id: "ws-self", token: "own" });
    expect((await self.post(path, { message: "hi" })).status).toBe(401);
    const own = { authorization: "Bearer own" };
    expect((await self.post(path, { message: "hi" }, own)).status).toBe(200);
  });

  test("an unknown workspace or path is answered with 404, a body that is no JSON with 400", async () => {
    expect((await self.get("/workspaces/nobody/activity")).status).toBe(404);
    expect((await self.get("/nowhere")).status).toBe(404);
    expect((await self.post(path, undefined)).status).toBe(400);
  });
});

describe("POST /registry", () => {
  test("register and heartbeat are answered and recorded", async () => {
    const card = { id: "ws-self", url: "", agent_card: { name: "me" }, delivery_mode: "poll" };
    const beat = { workspace_id: "ws-self", active_tasks: 2, uptime_seconds: 7 };
    expect(await self.post("/registry/register", card)).toMatchObject({
      status: 200,
      body: { status: "registered" },
    });
    expect((await self.post("/registry/heartbeat", beat)).status).toBe(200);
    expect(entries()).toMatchObject([
      { index: 0, endpoint: "register", workspace: "ws-self", body: card, effect: "done" },
      { index: 1, endpoint: "heartbeat", workspace: "ws-self", body: beat, effect: "done" },
    ]);
    expect((await self.post("/registry/heartbeat", {})).status).toBe(400);
  });
});

describe("POST /workspaces/:id/activity/ack", () => {
  test("the position never goes back", async () => {
    const answers = [];
    for (const seq of [3, 2, 3, 9]) answers.push((await ack(seq)).body);
    expect(answers).toEqual([3, 3, 3, 9].map((seq) => ({ last_acked_seq: seq })));
    expect(platform.state.acked("ws-self")).toBe(9);
    expect(platform.state.acked("ws-peer")).toBe(0);
    expect(entries().map((entry) => entry.effect)).toEqual([
      "done",
      "deduplicated",
      "deduplicated",
      "done",
    ]);
  });

  test.each([undefined, -1, 1.5, "3"])("acked_seq %s is answered with 400", async (seq) => {
    expect((await ack(seq)).status).toBe(400);
  });
});

describe("POST /workspaces/:id/notify", () => {
  test("says sent and does not deduplicate: twice sent is twice shown", async () => {
    expect(await notify("hello")).toEqual({ status: 200, body: { status: "sent" } });
    await notify("hello");
    expect(entries()).toMatchObject([{ effect: "done" }, { effect: "done" }]);
  });

  test("leaves a row without a source in the workspace's own activity", async () => {
    await notify("hello");
    expect(await self.activity("type=a2a_receive")).toMatchObject([
      { method: "notify", source_id: null, request_body: { message: "hello" } },
    ]);
  });

  test("an agent that may not write to its user gets 403 talk_to_user_disabled", async () => {
    platform.state.setWorkspace({ id: "ws-self", talkToUser: false });
    expect(await notify("hello")).toMatchObject({
      status: 403,
      body: { error: "talk_to_user_disabled" },
    });
    expect(entries()).toMatchObject([{ effect: "none", status: 403 }]);
  });

  test("attachments are kept beside the message, and must name a kind and a uri", async () => {
    const attachments = [{ kind: "file", uri: "https://files.example/a", mime_type: "text/plain" }];
    const path = "/workspaces/ws-self/notify";
    expect((await self.post(path, { message: "see", attachments })).status).toBe(200);
    const [row] = platform.state.activity.rows("ws-self");
    expect(row?.row?.request_body).toEqual({ message: "see", attachments });
    for (const wrong of ["a", [{ kind: "file" }], [{ kind: "odd", uri: "https://x" }]])
      expect((await self.post(path, { message: "see", attachments: wrong })).status).toBe(400);
  });

  test("a message is required", async () => {
    expect((await notify("")).status).toBe(400);
  });
});

describe("POST /workspaces/:id/delegate", () => {
  test("the first of a key is taken with 202, a replay is answered with 200 and the same id", async () => {
    const first = await delegate({ idempotency_key: "k" });
    const second = await delegate({ idempotency_key: "k" });
    const { delegation_id } = first.body as { readonly delegation_id: string };
    expect(first).toMatchObject({ status: 202, body: { status: "delegated" } });
    expect(second).toMatchObject({ status: 200, body: { delegation_id, idempotent_hit: true } });
    expect(entries()).toMatchObject([
      { idempotencyKey: "k", effect: "done" },
      { idempotencyKey: "k", effect: "deduplicated" },
    ]);
  });

  test("without a key each call is a delegation", async () => {
    const answers = [await delegate({}), await delegate({})];
    expect(answers.map((answer) => answer.status)).toEqual([202, 202]);
  });

  test("a key counts within its workspace", async () => {
    await delegate({ idempotency_key: "k" });
    const other = { target_id: "ws-self", task: "do it", idempotency_key: "k" };
    expect((await self.post("/workspaces/ws-peer/delegate", other)).status).toBe(202);
  });

  test("the peer gets the task once in its inbox, from the delegating workspace", async () => {
    await delegate({ idempotency_key: "k" });
    await delegate({ idempotency_key: "k" });
    const { body } = await self.get("/workspaces/ws-peer/activity");
    expect(body).toMatchObject([
      {
        source_id: "ws-self",
        request_body: { params: { message: { parts: [{ kind: "text", text: "do it" }] } } },
      },
    ]);
    expect(body).toHaveLength(1);
  });

  test("nobody delegates to oneself, or nothing", async () => {
    expect(await delegate({ target_id: "ws-self" })).toMatchObject({
      status: 400,
      body: { error: "self-delegation not permitted" },
    });
    expect((await delegate({ task: "" })).status).toBe(400);
  });
});

describe("POST /workspaces/:id/a2a", () => {
  const params = { message: { role: "user", parts: [{ kind: "text", text: "from outside" }] } };

  test("a message for a workspace that polls is put into its inbox", async () => {
    const message = { jsonrpc: "2.0", id: 1, method: "message/send", params };
    const source = { "x-workspace-id": "ws-peer" };
    const answer = await self.post("/workspaces/ws-self/a2a", message, source);
    expect(answer).toMatchObject({ status: 200, body: { id: 1, result: { status: "queued" } } });
    expect(await self.activity()).toMatchObject([
      { source_id: "ws-peer", request_body: { params } },
    ]);
  });

  test("another method is refused as JSON-RPC refuses", async () => {
    const answer = await self.post("/workspaces/ws-self/a2a", { id: 2, method: "x", params });
    expect(answer).toMatchObject({ status: 200, body: { id: 2, error: { code: -32_601 } } });
  });
});
