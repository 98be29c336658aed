import { sqliteStore } from "@agent-bridge/store-sqlite";
import { watchedClock } from "@agent-bridge/testing/channel-conformance";
import { startFakePlatform } from "@agent-bridge/testing/fake-platform";
import type { FakePlatform, SentEntry } from "@agent-bridge/testing/fake-platform";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openRoutes, platformBridge } from "./platform-bridge.ts";
import type { WorkspaceOptions } from "./platform-bridge.ts";

/** How much faster than real the bridges live here. */
const speed = 20;
const patience = { timeout: 15_000 };

let platform: FakePlatform;

beforeEach(async () => {
  platform = await startFakePlatform({
    workspaces: ["ws-a", "ws-b"].map((id) => ({ id, token: `token-of-${id}` })),
  });
});

afterEach(async () => await platform.close());

const workspace = (id: string): WorkspaceOptions => ({
  id,
  platformUrl: platform.url,
  token: `token-of-${id}`,
});

const bridgeOf = async (id: string, parts: Partial<Parameters<typeof platformBridge>[0]> = {}) =>
  await platformBridge({ clock: watchedClock(speed), workspaces: [workspace(id)], ...parts });

/** What took effect at an endpoint, in order. */
const done = (endpoint: SentEntry["endpoint"]): readonly SentEntry[] =>
  platform.log().entries.filter((entry) => entry.endpoint === endpoint && entry.effect === "done");

/** The platform's names of the delegations that a workspace made. */
const delegationsOf = (id: string): string[] =>
  platform.state.activity
    .rows(id)
    .flatMap(({ row }) => (row?.method === "delegate" ? [row.request_body] : []))
    .map((body) => (body as { delegation_id: string }).delegation_id);

describe("S37 two bridges that answer each other", () => {
  test("come to an end at the hop limit, visibly, and a person lets them go on", async () => {
    const limits = { hops: 3 };
    const one = await bridgeOf("ws-a", { limits });
    const other = await bridgeOf("ws-b", { limits });
    platform.state.addPeer({ workspace: "ws-a", peer: "ws-b", text: "hello" });
    const dead = async () => [
      ...(await one.operator.deadLetters()).items,
      ...(await other.operator.deadLetters()).items,
    ];
    await expect.poll(dead, patience).toMatchObject([{ reason: "hop_limit", kind: "peer_agent" }]);
    const limited = async () => (await one.operator.status()).since.hopLimited;
    await expect.poll(limited).toBe(1);
    // Three answers of each; the fourth message was no turn, and nobody answered it.
    expect(done("delegate").map(({ workspace: by }) => by)).toEqual([
      "ws-a",
      "ws-b",
      "ws-a",
      "ws-b",
      "ws-a",
      "ws-b",
    ]);
    const last = platform.state.activity
      .rows("ws-a")
      .findLast(({ row }) => row?.source_id === "ws-b");
    await expect.poll(() => platform.state.acked("ws-a"), patience).toBe(last?.seq);
    expect([one.turns.length, other.turns.length]).toEqual([3, 3]);

    platform.state.addCanvas({ workspace: "ws-a", text: "go on" });
    platform.state.addPeer({ workspace: "ws-a", peer: "ws-b", text: "again" });
    await expect.poll(() => one.turns.map(({ prompt }) => prompt), patience).toContain("again");
  });
});

describe("the result of a delegation", () => {
  test("is noted at the reply that it is about, without a run, and is never replied to", async () => {
    const { operator, turns } = await bridgeOf("ws-a");
    platform.state.addPeer({ workspace: "ws-a", peer: "ws-b", text: "how much is it?" });
    await expect.poll(() => delegationsOf("ws-a"), patience).toHaveLength(1);
    const [delegationId = ""] = delegationsOf("ws-a");
    const result = { workspace: "ws-a", peer: "ws-b", text: "Thank you.", delegationId };
    const row = platform.state.addDelegateResult(result);
    const [task] = (await operator.tasks({})).items;
    const noted = async () =>
      (await operator.events({ taskId: task?.id ?? "", types: ["reply.noted"] })).events;
    await expect.poll(noted, patience).toMatchObject([{ data: { text: "Thank you." } }]);
    await expect.poll(() => platform.state.acked("ws-a"), patience).toBe(row.seq);
    expect(turns).toHaveLength(1);
    expect(done("delegate")).toHaveLength(1);
    expect((await operator.tasks({})).items).toHaveLength(1);
  });

  test("that is about nothing of ours is run where a route allows it, and has no destination", async () => {
    const { operator, turns } = await bridgeOf("ws-a");
    const result = { workspace: "ws-a", peer: "ws-b", text: "It is done.", delegationId: "other" };
    const row = platform.state.addDelegateResult(result);
    await expect.poll(() => platform.state.acked("ws-a"), patience).toBe(row.seq);
    expect(turns.map(({ prompt }) => prompt)).toEqual(["It is done."]);
    const [task] = (await operator.tasks({})).items;
    expect(task).toMatchObject({ kind: "delegation_result", status: "completed", reply: "none" });
    expect(done("delegate")).toEqual([]);
    expect(done("notify")).toEqual([]);
  });
});

describe("attachments", () => {
  const plan = { uri: "https://files.example/plan.pdf", name: "plan.pdf" };
  const given = { kind: "file", ...plan, mime_type: "application/pdf" } as const;
  const answered = [
    { kind: "file", ...plan, mimeType: "application/pdf" },
    { kind: "image", uri: "data:image/png;base64,AAAA", mimeType: null, name: null },
  ] as const;

  test("of a person reach the agent as data, and the agent's go beside its answer", async () => {
    const { turns } = await bridgeOf("ws-a", {
      end: () => ({ output: "Here.", attachments: answered }),
    });
    platform.state.addCanvas({ workspace: "ws-a", text: "look", attachments: [given] });
    await expect.poll(() => done("notify"), patience).toHaveLength(1);
    expect(turns[0]?.attachments).toEqual([answered[0]]);
    expect(turns[0]?.prompt).toContain(plan.uri);
    expect(done("notify")[0]?.body).toEqual({
      message: `Here.\n\n[image]: ${answered[1].uri}`,
      attachments: [given],
    });
  });

  test("of an answer to a peer are named in its text, since a delegation is a text alone", async () => {
    await bridgeOf("ws-a", { end: () => ({ output: "Here.", attachments: [answered[0]] }) });
    platform.state.addPeer({ workspace: "ws-a", peer: "ws-b", text: "the plan?" });
    await expect.poll(() => done("delegate"), patience).toHaveLength(1);
    expect(done("delegate")[0]?.body).toMatchObject({
      task: `Here.\n\n[file] plan.pdf (application/pdf): ${plan.uri}`,
    });
  });
});

describe("a cursor that the platform has forgotten", () => {
  test("costs no message: what came while the bridge was away is answered after its restart", async () => {
    const folder = mkdtempSync(join(tmpdir(), "molecule-410-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "bridge.db");
    const said = () => done("notify").map(({ body }) => (body as { message: string }).message);

    const before = sqliteStore({ path });
    const first = await bridgeOf("ws-a", { store: before });
    platform.state.addCanvas({ workspace: "ws-a", text: "one" });
    await expect.poll(said, patience).toEqual(["re: one"]);
    await first.bridge.stop();
    await before[Symbol.asyncDispose]();

    platform.state.addCanvas({ workspace: "ws-a", text: "two" });
    platform.state.activity.prune("ws-a", 1);
    platform.state.addCanvas({ workspace: "ws-a", text: "three" });
    const store = sqliteStore({ path });
    onTestFinished(async () => await store[Symbol.asyncDispose]());
    const second = await bridgeOf("ws-a", { store });
    await expect.poll(said, patience).toEqual(["re: one", "re: two", "re: three"]);
    expect(second.turns.map(({ prompt }) => prompt)).toEqual(["two", "three"]);
    await second.bridge.stop();
  });
});

describe("S28 a message that is put aside", () => {
  test("is told of to a person where the route says so, and never to a peer", async () => {
    const routes = openRoutes.map((route) => ({ ...route, deadLetters: "tell" as const }));
    const { operator, turns } = await bridgeOf("ws-a", { routes });
    const text = "x".repeat(300_000);
    platform.state.addCanvas({ workspace: "ws-a", text });
    const last = platform.state.addPeer({ workspace: "ws-a", peer: "ws-b", text });
    await expect.poll(() => platform.state.acked("ws-a"), patience).toBe(last.seq);
    await expect.poll(() => done("notify"), patience).toHaveLength(1);
    expect(done("notify")[0]?.body).toMatchObject({
      message: expect.stringContaining("too large") as string,
    });
    expect(done("delegate")).toEqual([]);
    expect(turns).toEqual([]);
    const reasons = (await operator.deadLetters()).items.map(({ reason }) => reason);
    expect(reasons).toEqual(["payload_too_large", "payload_too_large"]);
  });
});
