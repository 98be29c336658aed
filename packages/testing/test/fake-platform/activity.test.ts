import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startFakePlatform } from "../../src/fake-platform/index.ts";
import type { ActivityRow, FakePlatform } from "../../src/fake-platform/index.ts";
import { agent } from "./agent.ts";
import type { Agent } from "./agent.ts";

let nowMs: number;
let platform: FakePlatform;
let self: Agent;
beforeEach(async () => {
  nowMs = Date.parse("2026-05-01T12:00:00Z");
  platform = await startFakePlatform({ now: () => nowMs });
  self = agent(platform.url);
});
afterEach(async () => {
  await platform.close();
});

/** Adds messages a second apart. */
const add = (...ids: string[]): void => {
  for (const id of ids) {
    platform.state.addCanvas({ workspace: "ws-self", text: `text of ${id}`, id });
    nowMs += 1_000;
  }
};
const idsOf = (rows: readonly ActivityRow[]): string[] => rows.map((row) => row.id);

describe("GET /workspaces/:id/activity", () => {
  test("a canvas row is an A2A message without a source", async () => {
    platform.state.addCanvas({ workspace: "ws-self", text: ["one", "two"], id: "a1" });
    expect(await self.activity()).toEqual([
      {
        id: "a1",
        workspace_id: "ws-self",
        activity_type: "a2a_receive",
        source_id: null,
        target_id: "ws-self",
        method: "message/send",
        summary: "one two",
        request_body: {
          jsonrpc: "2.0",
          method: "message/send",
          params: {
            message: {
              role: "user",
              messageId: expect.any(String) as string,
              parts: [
                { kind: "text", text: "one" },
                { kind: "text", text: "two" },
              ],
            },
          },
        },
        status: "ok",
        duration_ms: null,
        error_detail: null,
        created_at: "2026-05-01T12:00:00.000Z",
        seq: 1,
      },
    ]);
  });

  test("an older sender's parts are told apart by `type`", async () => {
    platform.state.addPeer({
      workspace: "ws-self",
      peer: "ws-peer",
      text: "hi",
      discriminator: "type",
    });
    const [row] = await self.activity();
    expect(row).toMatchObject({
      source_id: "ws-peer",
      request_body: { params: { message: { parts: [{ type: "text", text: "hi" }] } } },
    });
  });

  test("a delegation's result comes from oneself, with its text in the response", async () => {
    const result = {
      workspace: "ws-self",
      peer: "ws-peer",
      text: "it is done",
      delegationId: "d1",
    };
    platform.state.addDelegateResult(result);
    platform.state.addDelegateResult({ ...result, isFailure: true });
    expect(await self.activity()).toMatchObject([
      { method: "delegate_result", status: "error", error_detail: "it is done" },
      {
        method: "delegate_result",
        source_id: "ws-self",
        target_id: "ws-peer",
        request_body: { delegation_id: "d1" },
        response_body: { text: "it is done", delegation_id: "d1" },
      },
    ]);
  });

  test("without a cursor rows come newest first", async () => {
    add("a", "b", "c");
    expect(idsOf(await self.activity())).toEqual(["c", "b", "a"]);
  });

  test("after a cursor rows come oldest first, and what lies before is not delivered again", async () => {
    add("a", "b", "c", "d");
    expect(idsOf(await self.activity("since_id=b"))).toEqual(["c", "d"]);
    expect(idsOf(await self.activity("since_id=b&limit=1"))).toEqual(["c"]);
    expect(idsOf(await self.activity("since_id=d"))).toEqual([]);
  });

  test("rows of one millisecond are ordered by seq, and a cursor among them skips none", async () => {
    for (const id of ["a", "b", "c"]) {
      platform.state.addCanvas({ workspace: "ws-self", text: id, id });
    }
    expect(idsOf(await self.activity())).toEqual(["c", "b", "a"]);
    expect(idsOf(await self.activity("since_id=a"))).toEqual(["b", "c"]);
  });

  test("a message that waited stands at its own time, with the seq of its arrival", async () => {
    add("new");
    platform.state.addCanvas({ workspace: "ws-self", text: "old", id: "old", ageMs: 60_000 });
    const rows = await self.activity();
    expect(idsOf(rows)).toEqual(["new", "old"]);
    expect(rows.map((row) => row.seq)).toEqual([1, 2]);
  });

  test.each(["gone", "of-peer"])("the cursor %s is answered with 410", async (cursor) => {
    platform.state.addCanvas({ workspace: "ws-peer", text: "x", id: "of-peer" });
    const { status, body } = await self.get(`/workspaces/ws-self/activity?since_id=${cursor}`);
    expect(status).toBe(410);
    expect(body).toEqual({ error: expect.stringContaining("since_id") as string });
  });

  test("a pruned cursor is answered with 410, and since_secs gets what is left", async () => {
    add("a", "b", "c");
    expect(platform.state.activity.prune("ws-self", 2)).toBe(2);
    const { status } = await self.get("/workspaces/ws-self/activity?since_id=a");
    expect(status).toBe(410);
    expect(idsOf(await self.activity("since_secs=600&limit=500"))).toEqual(["c"]);
  });

  test("since_secs is measured from now, and newest first stays", async () => {
    add("a", "b", "c");
    expect(idsOf(await self.activity("since_secs=2"))).toEqual(["c", "b"]);
  });

  test("since_secs reaches back thirty days at most", async () => {
    const dayMs = 24 * 60 * 60 * 1_000;
    for (const days of [29, 31]) {
      platform.state.addCanvas({
        workspace: "ws-self",
        text: "x",
        id: `${days} days`,
        ageMs: days * dayMs,
      });
    }
    expect(idsOf(await self.activity("since_secs=99999999"))).toEqual(["29 days"]);
  });

  test("before_ts pages back strictly", async () => {
    add("a", "b", "c", "d");
    const first = await self.activity("limit=2");
    const second = await self.activity(`limit=2&before_ts=${first.at(-1)?.created_at ?? ""}`);
    expect([...idsOf(first), ...idsOf(second)]).toEqual(["d", "c", "b", "a"]);
  });

  test("the limit is 100 by default and 500 at most", async () => {
    for (let index = 0; index < 510; index += 1) add(`m${index}`);
    expect(await self.activity()).toHaveLength(100);
    expect(await self.activity("limit=0")).toHaveLength(100);
    expect(await self.activity("limit=501")).toHaveLength(500);
  });

  test.each(["since_secs=0", "since_secs=soon", "before_ts=yesterday"])(
    "%s is answered with 400",
    async (query) => {
      expect((await self.get(`/workspaces/ws-self/activity?${query}`)).status).toBe(400);
    },
  );

  test("type filters, so the record of a delegation is no message", async () => {
    add("a");
    platform.state.delegate({ workspace: "ws-self", target: "ws-peer", task: "t" });
    expect(await self.activity()).toHaveLength(2);
    expect(idsOf(await self.activity("type=a2a_receive"))).toEqual(["a"]);
  });

  test("peer_info adds the sender's name, role and card, and attachments as a list", async () => {
    platform.state.setWorkspace({ id: "ws-peer", name: "Peer", role: "tester" });
    const attachments = [
      { kind: "file", uri: "workspace:a.pdf", mime_type: "application/pdf", name: "a.pdf" },
    ] as const;
    platform.state.addPeer({ workspace: "ws-self", peer: "ws-peer", text: "see", attachments });
    const [plain] = await self.activity();
    const [row] = await self.activity("include=peer_info");
    expect(plain).not.toHaveProperty("peer_name");
    expect(row).toMatchObject({
      peer_name: "Peer",
      peer_role: "tester",
      agent_card_url: `${platform.url}/registry/discover/ws-peer`,
      attachments,
    });
  });

  test("a workspace sees its own rows only, and seq counts over all of them", async () => {
    add("a");
    platform.state.addCanvas({ workspace: "ws-peer", text: "x", id: "b" });
    add("c");
    const rows = await self.activity();
    expect(rows.map((row) => [row.id, row.seq])).toEqual([
      ["c", 3],
      ["a", 1],
    ]);
  });

  test("raw rows and garbage stand in their place as they were given", async () => {
    add("a");
    platform.state.addRow({ workspace_id: "ws-self", id: "raw", request_body: null, method: null });
    platform.state.activity.appendGarbage("ws-self", "a string");
    platform.state.activity.appendGarbage("ws-self", { no: "id" });
    const rows = await self.activity("type=a2a_receive&since_id=a&include=peer_info");
    expect(rows).toEqual([
      expect.objectContaining({ id: "raw", request_body: null, method: null }),
      "a string",
      { no: "id" },
    ]);
  });
});
