import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  platformControl,
  spawnFakePlatform,
  startFakePlatform,
} from "../../src/fake-platform/index.ts";
import type { FakePlatform, Fault, PlatformControl } from "../../src/fake-platform/index.ts";
import { agent } from "./agent.ts";
import type { Agent } from "./agent.ts";

let platform: FakePlatform;
let self: Agent;
let control: PlatformControl;
beforeEach(async () => {
  platform = await startFakePlatform();
  self = agent(platform.url);
  control = platformControl(platform.url);
});
afterEach(async () => {
  await platform.close();
});

const notify = (message = "hi"): ReturnType<Agent["post"]> =>
  self.post("/workspaces/ws-self/notify", { message });

const statuses = async (count: number): Promise<number[]> => {
  const seen = [];
  for (let call = 0; call < count; call += 1) seen.push((await notify()).status);
  return seen;
};

describe("platformControl", () => {
  test("adds messages of every sort and reads the acknowledged position", async () => {
    await control.setWorkspace({ id: "ws-peer", name: "Peer" });
    const row = await control.addCanvas({ workspace: "ws-self", text: "one" });
    await control.addPeer({ workspace: "ws-self", peer: "ws-peer", text: "two" });
    await control.addDelegateResult({
      workspace: "ws-self",
      peer: "ws-peer",
      text: "three",
      delegationId: "d",
    });
    await control.addRow({ workspace_id: "ws-self", method: "tasks/send" });
    await control.addGarbage({ workspace: "ws-self", shown: [1] });
    const rows = await self.activity(`since_id=${row.id}`);
    expect(rows).toMatchObject([
      { source_id: "ws-peer" },
      { method: "delegate_result" },
      { method: "tasks/send" },
      [1],
    ]);
    await self.post("/workspaces/ws-self/activity/ack", { acked_seq: row.seq });
    expect(await control.acked({ workspace: "ws-self" })).toBe(row.seq);
  });

  test("a message to a workspace that nobody declared declares it", async () => {
    await control.addCanvas({ workspace: "ws-new", text: "hi" });
    expect((await self.get("/workspaces/ws-new/activity")).status).toBe(200);
  });

  test("prunes all rows of one workspace, or those up to a seq", async () => {
    const first = await control.addCanvas({ workspace: "ws-self", text: "1" });
    await control.addCanvas({ workspace: "ws-self", text: "2" });
    await control.addCanvas({ workspace: "ws-peer", text: "3" });
    expect(await control.prune({ workspace: "ws-self", throughSeq: first.seq })).toBe(1);
    expect(await control.prune({ workspace: "ws-self" })).toBe(1);
    expect((await self.get("/workspaces/ws-peer/activity")).body).toHaveLength(1);
  });

  test("refuses what it does not know", async () => {
    await expect(control.arm({ endpoint: "nope", fault: "hang" } as never)).rejects.toThrow("nope");
    const response = await fetch(`${platform.url}/__control/constructor`, {
      method: "POST",
      body: "{}",
    });
    expect(response.status).toBe(404);
  });
});

describe("the record of what was sent", () => {
  test("keeps everything in order, and counts polls instead of listing them", async () => {
    await self.activity();
    await notify();
    await self.activity();
    const { entries, polls } = await control.log();
    expect(entries).toMatchObject([
      {
        index: 0,
        via: "http",
        endpoint: "notify",
        workspace: "ws-self",
        body: { message: "hi" },
        idempotencyKey: null,
        effect: "done",
        status: 200,
        fault: null,
      },
    ]);
    expect(entries[0]?.at).toBeGreaterThan(Date.now() - 60_000);
    expect(polls).toEqual({ "ws-self": 2 });
  });

  test("sent names the replies that reached somebody, also those whose answer was lost", async () => {
    const delegation = { target_id: "ws-peer", task: "t", idempotency_key: "k" };
    await control.arm({ endpoint: "notify", fault: "close_after" });
    await expect(notify("lost")).rejects.toThrow("fetch failed");
    await control.arm({ endpoint: "notify", fault: "status", status: 500 });
    await notify("refused");
    await self.post("/workspaces/ws-self/delegate", delegation);
    await self.post("/workspaces/ws-self/delegate", delegation);
    await self.post("/workspaces/ws-peer/notify", { message: "of the peer" });
    const own = await control.sent({ workspace: "ws-self" });
    expect(own.map((entry) => [entry.endpoint, entry.status])).toEqual([
      ["notify", null],
      ["delegate", 202],
    ]);
    expect(await control.sent()).toHaveLength(3);
  });
});

describe("faults", () => {
  test.each<[Fault, number, unknown]>([
    [{ endpoint: "notify", fault: "status", status: 500 }, 500, "armed fault"],
    [{ endpoint: "notify", fault: "status", status: 502, text: "Bad Gateway" }, 502, "Bad Gateway"],
    [{ endpoint: "notify", fault: "not_json" }, 200, "not json at all"],
    [{ endpoint: "notify", fault: "json_string" }, 200, '"a string'],
    [{ endpoint: "notify", fault: "answer", text: "[[" }, 200, "[["],
    [{ endpoint: "notify", fault: "talk_to_user_disabled" }, 403, "talk_to_user_disabled"],
  ])("%o answers that and does nothing, once", async (fault, status, text) => {
    await control.arm(fault);
    const response = await fetch(`${platform.url}/workspaces/ws-self/notify`, { method: "POST" });
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(text);
    expect((await control.log()).entries).toMatchObject([
      { effect: "none", status, fault: fault.fault },
    ]);
    expect((await notify()).status).toBe(200);
  });

  test("close ends the connection with nothing done, close_after with the work done", async () => {
    await control.arm({ endpoint: "notify", fault: "close" });
    await control.arm({ endpoint: "notify", fault: "close_after" });
    await expect(notify()).rejects.toThrow("fetch failed");
    await expect(notify()).rejects.toThrow("fetch failed");
    expect((await control.log()).entries).toMatchObject([
      { fault: "close", effect: "none", status: null },
      { fault: "close_after", effect: "done", status: null },
    ]);
  });

  test("a delegation whose answer was lost is found again by its key", async () => {
    const delegation = { target_id: "ws-peer", task: "t", idempotency_key: "k" };
    await control.arm({ endpoint: "delegate", fault: "close_after" });
    await expect(self.post("/workspaces/ws-self/delegate", delegation)).rejects.toThrow("fetch");
    const again = await self.post("/workspaces/ws-self/delegate", delegation);
    expect(again).toMatchObject({ status: 200, body: { idempotent_hit: true } });
  });

  test("hang never answers; the caller may leave", async () => {
    await control.arm({ endpoint: "activity", fault: "hang" });
    const leave = new AbortController();
    const path = `${platform.url}/workspaces/ws-self/activity`;
    const answer = fetch(path, { signal: leave.signal });
    await expect.poll(() => platform.log().polls).toEqual({ "ws-self": 1 });
    leave.abort();
    await expect(answer).rejects.toThrow("abort");
  });

  test("delay does the work at once and answers later", async () => {
    await control.arm({ endpoint: "notify", fault: "delay", delayMs: 60_000 });
    const leave = new AbortController();
    const answer = fetch(`${platform.url}/workspaces/ws-self/notify`, {
      method: "POST",
      headers: { authorization: "Bearer fake-platform-token", origin: platform.url },
      body: '{"message":"hi"}',
      signal: leave.signal,
    });
    await expect.poll(() => platform.log().entries).toMatchObject([{ effect: "done" }]);
    leave.abort();
    await expect(answer).rejects.toThrow("abort");
    await control.arm({ endpoint: "notify", fault: "delay", delayMs: 15 });
    const start = performance.now();
    expect((await notify()).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThanOrEqual(14);
  });

  test("a fault may hit several calls, or all until it is disarmed, or one workspace", async () => {
    await control.arm({ endpoint: "notify", fault: "status", status: 502, times: 2 });
    expect(await statuses(3)).toEqual([502, 502, 200]);
    await control.arm({ endpoint: "notify", fault: "status", status: 500, times: null });
    expect(await statuses(3)).toEqual([500, 500, 500]);
    await control.disarm({ endpoint: "notify" });
    await control.arm({ endpoint: "notify", fault: "status", status: 500, workspace: "ws-peer" });
    expect(await statuses(1)).toEqual([200]);
    await control.disarm({});
    const peer = await self.post("/workspaces/ws-peer/notify", { message: "hi" });
    expect(peer.status).toBe(200);
  });
});

describe("spawnFakePlatform", () => {
  test("runs as a process of its own, whose record survives a kill in its file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fake-platform-"));
    const logFile = join(folder, "sent.jsonl");
    const spawned = await spawnFakePlatform({ logFile, workspaces: ["ws-a", "ws-b=secret"] });
    const notifyAs = (workspace: string, token: string): ReturnType<Agent["post"]> =>
      agent(spawned.url).post(
        `/workspaces/${workspace}/notify`,
        { message: "hi" },
        { authorization: `Bearer ${token}` },
      );
    expect((await notifyAs("ws-b", "secret")).status).toBe(200);
    expect((await notifyAs("ws-a", "secret")).status).toBe(401);
    expect((await notifyAs("ws-a", "fake-platform-token")).status).toBe(200);
    const { entries } = await platformControl(spawned.url).log();
    process.kill(spawned.pid, "SIGKILL");
    await spawned.close();
    const lines = (await readFile(logFile, "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(entries);
    expect(entries.map((entry) => entry.effect)).toEqual(["done", "none", "done"]);
    await rm(folder, { recursive: true });
  });
});
