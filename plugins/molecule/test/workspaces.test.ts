import { silentLogger, systemRandom } from "@agent-bridge/core";
import { manualClock } from "@agent-bridge/testing";
import { watchedClock } from "@agent-bridge/testing/channel-conformance";
import { startFakePlatform } from "@agent-bridge/testing/fake-platform";
import type { FakePlatform } from "@agent-bridge/testing/fake-platform";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { moleculePlugin } from "../src/index.ts";
import { platformBridge } from "./platform-bridge.ts";
import type { WorkspaceOptions } from "./platform-bridge.ts";

/** How much faster than real a bridge lives here: its inboxes are asked every 50 ms at the latest. */
const speed = 20;

let platform: FakePlatform;

const ids = ["ws-a", "ws-b", "ws-c", "ws-d"];

beforeEach(async () => {
  platform = await startFakePlatform({
    workspaces: ids.map((id) => ({ id, token: `token-of-${id}` })),
  });
});

afterEach(async () => await platform.close());

const workspace = (id: string): WorkspaceOptions => ({
  id,
  platformUrl: platform.url,
  token: `token-of-${id}`,
});

const byFirst = ([one = ""]: string[], [other = ""]: string[]): number => one.localeCompare(other);

/** What the persons of the workspaces were told, in the order of their names. */
const told = (): string[][] =>
  platform
    .log()
    .entries.filter(({ endpoint, effect }) => endpoint === "notify" && effect === "done")
    .map(({ workspace: id, body }) => [id ?? "", (body as { message: string }).message])
    .toSorted(byFirst);

describe("several workspaces in one bridge", () => {
  test("are each read, answered, acknowledged and kept online by themselves", async () => {
    const { operator, turns } = await platformBridge({
      clock: watchedClock(speed),
      workspaces: ids.map(workspace),
    });
    for (const id of ids) platform.state.addCanvas({ workspace: id, text: `hello ${id}` });
    await expect.poll(told, { timeout: 10_000 }).toEqual(ids.map((id) => [id, `re: hello ${id}`]));
    expect(new Set(turns.map(({ provenance }) => provenance.workspace))).toEqual(new Set(ids));
    const seqs = () => ids.map((id) => platform.state.acked(id));
    await expect.poll(seqs, { timeout: 10_000 }).toEqual([1, 2, 3, 4]);
    const { items } = await operator.conversations();
    expect(items.map(({ channel, key }) => [channel ?? "", key]).toSorted(byFirst)).toEqual(
      ids.map((id) => [`molecule:${id}`, `canvas:${id}`]),
    );
    const { channels } = await operator.status();
    expect(channels.map(({ name, details }) => [name, details?.["workspaceId"]])).toEqual(
      ids.map((id) => [`molecule:${id}`, id]),
    );
    expect(new Set(channels.map(({ details }) => details?.["sinceId"])).size).toBe(4);
    const beating = () =>
      new Set(
        platform
          .log()
          .entries.filter(({ endpoint, status }) => endpoint === "heartbeat" && status === 200)
          .map(({ workspace: id }) => id),
      );
    await expect.poll(beating, { timeout: 10_000 }).toEqual(new Set(ids));
  });

  test("one whose platform hangs and one that is refused hold up none of the others", async () => {
    const always = { times: null } as const;
    for (const endpoint of ["activity", "register", "heartbeat"] as const) {
      platform.state.faults.arm({ endpoint, workspace: "ws-a", fault: "hang", ...always });
      const refused = { fault: "status", status: 401 } as const;
      platform.state.faults.arm({ endpoint, workspace: "ws-b", ...refused, ...always });
    }
    const { operator } = await platformBridge({
      clock: watchedClock(speed),
      workspaces: ids.map(workspace),
    });
    for (const id of ids) platform.state.addCanvas({ workspace: id, text: `hello ${id}` });
    const answered = ["ws-c", "ws-d"].map((id) => [id, `re: hello ${id}`]);
    await expect.poll(told, { timeout: 10_000 }).toEqual(answered);
    const failing = async () => {
      const { channels } = await operator.status();
      return channels.map(({ failures }) => failures > 0);
    };
    // A request that hangs is given up after half a minute of the bridge's own time.
    await expect.poll(failing, { timeout: 10_000 }).toEqual([true, true, false, false]);
    platform.state.faults.disarm();
    const all = ids.map((id) => [id, `re: hello ${id}`]);
    await expect.poll(told, { timeout: 15_000 }).toEqual(all);
  });

  test("start one after the other, and beat at a distance ever after", async () => {
    const clock = manualClock();
    const context = {
      clock,
      random: systemRandom,
      logger: silentLogger,
      folder: "/nowhere",
      tools: () => [],
    };
    const options = moleculePlugin.options.parse({ workspaces: ids.map(workspace) });
    const { channels = [] } = moleculePlugin.create(options, context);
    const aborted = new AbortController();
    const { signal } = aborted;
    const polls = channels.map(async (channel) =>
      channel.receive?.({ after: null, waitMs: 60_000, signal }),
    );
    const seen = (endpoint: string) =>
      platform
        .log()
        .entries.filter((entry) => entry.endpoint === endpoint)
        .map((entry) => entry.workspace);
    const polled = () => Object.keys(platform.state.sent.polls()).toSorted();
    for (const [place] of ids.entries()) {
      await expect.poll(() => seen("heartbeat")).toEqual(ids.slice(0, place + 1));
      await expect.poll(polled).toEqual(ids.slice(0, place + 1));
      await clock.advance(499);
      expect(seen("register")).toEqual(ids.slice(0, place + 1));
      await clock.advance(1);
    }
    // The first beats again twenty seconds after it began, while the others still wait.
    await clock.advance(18_000);
    await expect.poll(() => seen("heartbeat")).toEqual([...ids, "ws-a"]);
    aborted.abort(new Error("enough"));
    await Promise.allSettled(polls);
    for (const channel of channels) await channel.dispose?.();
    expect(clock.waiting).toBe(0);
  });

  test("a call that ends before a workspace's turn comes has asked nothing", async () => {
    const clock = manualClock();
    const context = {
      clock,
      random: systemRandom,
      logger: silentLogger,
      folder: "/nowhere",
      tools: () => [],
    };
    const options = moleculePlugin.options.parse({ workspaces: ids.map(workspace) });
    const last = moleculePlugin.create(options, context).channels?.at(-1);
    const { signal } = new AbortController();
    const after = { position: "of before" };
    const poll = last?.receive?.({ after, waitMs: 1000, signal });
    await expect.poll(() => clock.waiting).toBe(1);
    await clock.advance(1000);
    expect(await poll).toEqual({ deliveries: [], next: after });
    expect(platform.log().entries).toEqual([]);
    await last?.dispose?.();
  });
});
