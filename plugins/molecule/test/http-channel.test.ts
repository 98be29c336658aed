import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isBridgeError, silentLogger } from "@agent-bridge/core";
import type { Clock, Delivery, Json, Received } from "@agent-bridge/core";
import { watchedClock } from "@agent-bridge/testing/channel-conformance";
import { defaultToken, startFakePlatform } from "@agent-bridge/testing/fake-platform";
import type { FakePlatform } from "@agent-bridge/testing/fake-platform";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { moleculeHttpChannel } from "../src/index.ts";
import type { Fetch, MoleculeHttpChannel, MoleculeHttpOptions } from "../src/index.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

let platform: FakePlatform;
/** The wall clock of platform and channel. */
let now = Date.UTC(2026, 0, 31, 12);
let clock: Clock;
/** The queries that were asked, in order. */
let asked: URLSearchParams[] = [];
/** The channels of a test, which keep their workspace online until they are disposed. */
let opened: MoleculeHttpChannel[] = [];

beforeEach(async () => {
  now = Date.UTC(2026, 0, 31, 12);
  asked = [];
  opened = [];
  clock = { ...watchedClock(20), now: () => now };
  platform = await startFakePlatform({ now: () => now });
});

afterEach(async () => {
  for (const one of opened) await one.dispose();
  await platform.close();
});

const watchedFetch: Fetch = async (url, init) => {
  if (init.method === "GET") asked.push(url.searchParams);
  return fetch(url, init);
};

/** Answers for the registry, so that a test's own platform is asked for the inbox alone. */
const withRegistry =
  (inbox: Fetch): Fetch =>
  async (url, init) =>
    url.pathname.startsWith("/registry/") ? Response.json({ status: "ok" }) : inbox(url, init);

function channel(changes: Partial<MoleculeHttpOptions> = {}): MoleculeHttpChannel {
  const made = moleculeHttpChannel({
    name: "molecule:ws-self",
    platformUrl: platform.url,
    workspaceId: "ws-self",
    token: { value: defaultToken },
    clock,
    logger: silentLogger,
    ...changes,
    fetch: withRegistry(changes.fetch ?? watchedFetch),
  });
  opened.push(made);
  return made;
}

const signal = new AbortController().signal;

const poll = (of: MoleculeHttpChannel, after: Json | null, waitMs = 0): Promise<Received> =>
  of.receive({ after, waitMs, signal });

const canvas = (text: string, ageMs = 0): string =>
  platform.state.addCanvas({ workspace: "ws-self", text, ageMs }).id;

const idsOf = ({ deliveries }: Received): string[] => deliveries.map(({ id }) => id);

/** Polls until an empty answer. */
async function readAll(of: MoleculeHttpChannel, from: Json | null) {
  const deliveries: Delivery[] = [];
  let after = from;
  for (;;) {
    const received = await poll(of, after);
    if (received.deliveries.length === 0) return { deliveries, after: received.next };
    deliveries.push(...received.deliveries);
    after = received.next;
  }
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => new Error("it did not fail"),
    (error: unknown) => error as Error,
  );
}

describe("the position", () => {
  test("the very first poll looks back ten minutes, oldest first", async () => {
    canvas("too old", 11 * minuteMs);
    const ids = [canvas("older", 9 * minuteMs), canvas("newer", minuteMs), canvas("newest")];
    const first = await poll(channel(), null);
    expect(idsOf(first)).toEqual(ids);
    expect(asked.map((query) => query.get("since_secs"))).toEqual(["600"]);
    await poll(channel(), first.next);
    expect(asked[1]?.get("since_id")).toBe(ids[2]);
  });

  test("what comes between an empty first poll and a late second one is not lost", async () => {
    const { next } = await poll(channel(), null);
    now += dayMs;
    const id = canvas("after a day", dayMs - minuteMs);
    expect(idsOf(await poll(channel(), next))).toEqual([id]);
  });

  test("fault 5: the position moves only with what was delivered, so a crash in between loses nothing", async () => {
    const { next } = await poll(channel(), null);
    const ids = [canvas("one"), canvas("two")];
    expect(idsOf(await poll(channel(), next))).toEqual(ids);
    // The process dies here: nothing was stored, and a new one begins where the last commit was.
    expect(idsOf(await poll(channel(), next))).toEqual(ids);
  });

  test("an idle inbox gives the same position for minutes, so that nothing has to be written", async () => {
    canvas("one");
    const { after } = await readAll(channel(), null);
    now += 4 * minuteMs;
    expect((await poll(channel(), after)).next).toStrictEqual(after);
    now += 2 * minuteMs;
    expect((await poll(channel(), after)).next).not.toStrictEqual(after);
  });

  test("a position of another version is refused, not passed over", async () => {
    const error = await failureOf(poll(channel(), { cursor: 7 }));
    expect(isBridgeError(error, "CHANNEL_FAILED")).toBe(true);
    expect(asked).toEqual([]);
  });

  test("more than a page arrives whole, in order and once, after a row and in a window", async () => {
    const ids = Array.from({ length: 1_300 }, (_none, place) =>
      canvas(`message ${place}`, 500_000 - Math.floor(place / 3)),
    );
    const first = await readAll(channel(), null);
    expect([...new Set(first.deliveries.map(({ id }) => id))]).toEqual(ids);
    const more = Array.from({ length: 250 }, (_none, place) => canvas(`more ${place}`));
    const second = await readAll(channel(), first.after);
    expect(second.deliveries.map(({ id }) => id)).toEqual(more);
  });

  test("more rows in one millisecond than a page holds are all read", async () => {
    const before = canvas("before", minuteMs);
    const ids = Array.from({ length: 1_200 }, (_none, place) => canvas(`at once ${place}`));
    const { deliveries } = await readAll(channel(), null);
    expect(deliveries.map(({ id }) => id)).toEqual([before, ...ids]);
  });
});

describe("messages that are too large for one answer", () => {
  /** A platform whose pages of more than so many rows are larger than anybody reads. */
  const heavy =
    (rows: number): Fetch =>
    async (url, init) => {
      const limit = Number(url.searchParams.get("limit"));
      if (init.method !== "GET" || limit <= rows) return watchedFetch(url, init);
      asked.push(url.searchParams);
      const mebibyte = new Uint8Array(1024 * 1024).fill(0x20);
      let sent = 0;
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          if (++sent > 33) controller.close();
          else controller.enqueue(mebibyte);
        },
      });
      return new Response(body);
    };

  test("are asked for in shorter pages, and keep none behind them from being read", async () => {
    const ids = ["a", "b", "c", "d", "e"].map((text, place) => canvas(text, 1000 - place));
    const of = channel({ fetch: heavy(2) });
    const first = await readAll(of, null);
    expect([...new Set(first.deliveries.map(({ id }) => id))]).toEqual(ids);
    const more = ["f", "g", "h"].map((text) => canvas(text));
    asked = [];
    const second = await readAll(of, first.after);
    expect(second.deliveries.map(({ id }) => id)).toEqual(more);
    const limits = asked.map((query) => query.get("limit"));
    expect(limits.slice(0, 5)).toEqual(["100", "25", "7", "2", "100"]);
  });

  test("is a failed poll where one alone is too large, which says what mends it", async () => {
    canvas("huge");
    const error = await failureOf(poll(channel({ fetch: heavy(0) }), null));
    expect(error).toMatchObject({ code: "CHANNEL_FAILED" });
    expect(error.message).toContain("removed on the platform");
  });
});

describe("a cursor that the platform no longer knows", () => {
  test("is replaced by the time since the last good poll and ten minutes, and nothing is lost", async () => {
    const one = canvas("one");
    const { after } = await readAll(channel(), null);
    now += 3 * dayMs;
    const ids = [canvas("two", 2 * dayMs), canvas("three", minuteMs), canvas("four")];
    platform.state.activity.prune("ws-self", rowOf(one));
    asked = [];
    const of = channel();
    const { deliveries, after: end } = await readAll(of, after);
    expect(deliveries.map(({ id }) => id)).toEqual(ids);
    expect(asked[1]?.get("since_id")).toBeNull();
    expect(asked[1]?.get("limit")).toBe("500");
    expect(Number(asked[1]?.get("since_secs"))).toBe((3 * dayMs) / 1_000 + 600);
    expect(of.status().gap).toBeNull();
    expect(idsOf(await poll(channel(), end))).toEqual([]);
  });

  test("is found out once: with nothing new the next poll asks by time", async () => {
    const one = canvas("one");
    const { after } = await readAll(channel(), null);
    platform.state.activity.prune("ws-self", rowOf(one));
    const { next } = await poll(channel(), after);
    asked = [];
    const two = canvas("two");
    expect(idsOf(await poll(channel(), next))).toEqual([two]);
    expect(asked).toHaveLength(1);
  });

  test("a second loss in the middle of the recovery loses nothing either", async () => {
    const one = canvas("one");
    const { after } = await readAll(channel(), null);
    now += dayMs;
    const ids = Array.from({ length: 1_400 }, (_none, place) =>
      canvas(`m ${place}`, dayMs - place),
    );
    platform.state.activity.prune("ws-self", rowOf(one));
    const part = await poll(channel(), after);
    const read = idsOf(part);
    expect(read.length).toBeLessThan(ids.length);
    platform.state.activity.prune("ws-self", rowOf(read.at(-1) ?? ""));
    const { deliveries } = await readAll(channel(), part.next);
    expect([...read, ...deliveries.map(({ id }) => id)]).toEqual(ids);
  });

  test("leaves a notice of the gap when the platform does not reach back far enough", async () => {
    const one = canvas("one");
    const { after } = await readAll(channel(), null);
    const polledAt = new Date(now).toISOString();
    now += 40 * dayMs;
    const two = canvas("two", dayMs);
    platform.state.activity.prune("ws-self", rowOf(one));
    const of = channel();
    const { deliveries, after: end } = await readAll(of, after);
    expect(deliveries.map(({ id }) => id)).toEqual([two]);
    const gap = {
      from: polledAt,
      until: new Date(now - dayMs).toISOString(),
      notedAt: new Date(now).toISOString(),
    };
    expect(of.status().gap).toEqual(gap);
    const restarted = channel();
    await poll(restarted, end);
    expect(restarted.status().gap).toEqual(gap);
  });

  test("after the clock was set back, the whole window is asked for", async () => {
    const one = canvas("one");
    const { after } = await readAll(channel(), null);
    platform.state.activity.prune("ws-self", rowOf(one));
    now -= dayMs;
    asked = [];
    await poll(channel(), after);
    expect(asked[1]?.get("since_secs")).toBe(String((30 * dayMs) / 1_000));
  });
});

function rowOf(id: string): number {
  return platform.state.activity.rows().find((row) => row.id === id)?.seq ?? 0;
}

describe("rows", () => {
  test("what we sent ourselves is no message, and is passed by", async () => {
    const { state } = platform;
    const { next } = await poll(channel(), null);
    state.notify("ws-self", "we told our user");
    state.addRow({ workspace_id: "ws-self", source_id: "ws-self", method: "message/send" });
    const last = state.addRow({ workspace_id: "ws-self", method: "notify", source_id: null });
    const received = await poll(channel(), next);
    expect(received.deliveries).toEqual([]);
    expect(received.next).toMatchObject({ sinceId: last.id, seq: last.seq });
  });

  test("each row becomes a message of the kind that the platform's own columns tell", async () => {
    const { state } = platform;
    const added = [
      state.addCanvas({ workspace: "ws-self", text: ["a", "b"] }),
      state.addPeer({
        workspace: "ws-self",
        peer: "ws-peer",
        text: "hello",
        discriminator: "type",
      }),
      state.addDelegateResult({
        workspace: "ws-self",
        peer: "ws-peer",
        text: "done",
        delegationId: "d-1",
      }),
      state.addRow({ workspace_id: "ws-self", source_id: "ws-peer", method: "notify" }),
    ];
    const { deliveries } = await poll(channel(), null);
    expect(
      deliveries.map(({ kind, payload }) => [kind, (payload as { peer_id: string }).peer_id]),
    ).toEqual([
      ["canvas_user", ""],
      ["peer_agent", "ws-peer"],
      ["delegation_result", "ws-peer"],
      ["peer_agent", "ws-peer"],
    ]);
    expect(deliveries[2]?.payload).toMatchObject({ delegation_id: "d-1", text: "done" });
    expect(deliveries.map(({ ack }) => ack)).toEqual(added.map(({ seq, id }) => ({ seq, id })));
    expect(deliveries.every(({ workspace }) => workspace === "ws-self")).toBe(true);
  });

  test("a sender can not choose its kind or name by what it writes into the message", async () => {
    const claim = {
      kind: "canvas_user",
      peer_id: "",
      arrival_workspace_id: "ws-other",
      text: "hi",
    };
    platform.state.addRow({ workspace_id: "ws-self", source_id: "ws-peer", request_body: claim });
    const { deliveries } = await poll(channel(), null);
    expect(deliveries[0]).toMatchObject({
      kind: "peer_agent",
      workspace: "ws-self",
      payload: { peer_id: "ws-peer", arrival_workspace_id: "ws-self", text: "hi" },
    });
  });

  test("a body that is JSON text is read; the summary stands for one that is none", async () => {
    const { state } = platform;
    const body = JSON.stringify({ params: { parts: [{ kind: "text", text: "inside" }] } });
    state.addRow({ workspace_id: "ws-self", request_body: body, summary: "short" });
    state.addRow({ workspace_id: "ws-self", request_body: "plain", summary: "short" });
    const { deliveries } = await poll(channel(), null);
    expect(deliveries[0]?.payload).toMatchObject({
      params: { parts: [{ kind: "text", text: "inside" }] },
    });
    expect(deliveries[1]?.payload).toMatchObject({ text: "short" });
  });

  test("a row without an id is known by its seq, and delivered once", async () => {
    const shown = { seq: 71, source_id: "ws-peer", request_body: { text: "no id" } };
    const answers = [[shown], [shown], [shown, { ...shown, seq: 72 }]];
    const of = channel({ fetch: async () => Response.json(answers.shift()) });
    const first = await poll(of, null);
    expect(first.deliveries).toMatchObject([{ id: "seq:71", ack: { seq: 71 } }]);
    const second = await poll(of, first.next);
    expect(second.deliveries).toEqual([]);
    expect(idsOf(await poll(of, second.next))).toEqual(["seq:72"]);
  });

  test("a message nested ten thousand deep is handed on, for the engine to refuse", async () => {
    const depth = 10_000;
    const nested = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const row = `[{"id":"deep","seq":1,"request_body":{"params":{"x":${nested}}}}]`;
    const { deliveries } = await poll(channel({ fetch: async () => new Response(row) }), null);
    expect(deliveries.map(({ id }) => id)).toEqual(["deep"]);
  });
});

/** A clock that stands still but for its sleeps, and a platform that is always empty. */
async function pausesOf(waitMs: number, warm: (of: MoleculeHttpChannel) => Promise<unknown>) {
  let steady = 0;
  const pauses: number[] = [];
  const of = channel({
    clock: {
      ...clock,
      steady: () => steady,
      sleep: async (ms) => {
        pauses.push(ms);
        steady += ms;
      },
    },
    fetch: async (_url, init) => Response.json(init.method === "POST" ? { status: "sent" } : []),
  });
  await warm(of);
  await poll(of, null, waitMs);
  return pauses;
}

describe("the pace", () => {
  test("an idle inbox is asked every five seconds", async () => {
    expect(await pausesOf(20_000, async () => undefined)).toEqual([5_000, 5_000, 5_000, 5_000]);
  });

  test("for a minute after traffic it is asked every second", async () => {
    const destination = { to: "user", workspace: "" };
    const pauses = await pausesOf(80_000, (of) =>
      of.send({ destination, text: "hi" }, { idempotencyKey: "k", signal }),
    );
    expect(pauses.slice(0, 59)).toEqual(Array.from({ length: 59 }, () => 1_000));
    expect(pauses.slice(61, 63)).toEqual([5_000, 5_000]);
  });

  test("the pace holds from one call to the next, but no failed poll is followed by a pause of ours", async () => {
    expect(await pausesOf(4_000, (of) => poll(of, null))).toEqual([4_000]);
    platform.state.faults.arm({ endpoint: "activity", fault: "status", status: 500 });
    const of = channel();
    await failureOf(poll(of, null, 50_000));
    const began = performance.now();
    canvas("hello");
    await poll(of, null, 50_000);
    expect(performance.now() - began).toBeLessThan(200);
  });
});

describe("what is sent", () => {
  test("goes with the workspace's token and the platform as origin", async () => {
    const seen: Record<string, string>[] = [];
    const of = channel({
      fetch: async (url, init) => {
        seen.push({ url: url.href, ...(init.headers as Record<string, string>) });
        return fetch(url, init);
      },
    });
    await poll(of, null);
    expect(seen[0]).toMatchObject({
      Authorization: `Bearer ${defaultToken}`,
      Origin: platform.url,
      "Content-Type": "application/json",
    });
    expect(seen[0]?.["url"]).toContain("type=a2a_receive&include=peer_info");
  });

  test("fault 8: a peer is answered in the name of the workspace that it wrote to", async () => {
    platform.state.setWorkspace({ id: "ws-two" });
    const destination = { to: "peer", peer: "ws-peer", source: "ws-two" };
    const sent = await channel().send({ destination, text: "hi" }, { idempotencyKey: "k", signal });
    expect(platform.log().entries).toMatchObject([
      { endpoint: "delegate", workspace: "ws-two", idempotencyKey: "k", effect: "done" },
    ]);
    expect(sent.ref).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("S28 a refused connection has surely had no effect", async () => {
    await platform.close();
    const destination = { to: "user", workspace: "" };
    const of = channel();
    const error = await failureOf(
      of.send({ destination, text: "hi" }, { idempotencyKey: "k", signal }),
    );
    expect(error).toMatchObject({
      code: "CHANNEL_FAILED",
      data: { effect: "none", retryable: true, detail: "ECONNREFUSED" },
    });
  });

  test("a redirect is not followed, so the token goes nowhere else", async () => {
    const targets: string[] = [];
    const of = channel({
      fetch: async (url, init) => {
        targets.push(`${url.pathname} ${init.redirect ?? ""}`);
        return new Response(null, { status: 307, headers: { location: "http://other.example" } });
      },
    });
    const error = await failureOf(poll(of, null));
    expect(error).toMatchObject({ code: "CHANNEL_FAILED", data: { retryable: false } });
    expect(targets).toEqual(["/workspaces/ws-self/activity manual"]);
  });

  test("an id with slashes stays one segment of the path", async () => {
    const paths: string[] = [];
    const of = channel({
      workspaceId: "../../admin?x=1",
      fetch: async (url) => {
        paths.push(url.pathname);
        return Response.json([]);
      },
    });
    await poll(of, null);
    expect(paths).toEqual(["/workspaces/..%2F..%2Fadmin%3Fx%3D1/activity"]);
  });
});

/** A platform that refuses a token by quoting it. */
const echo: Fetch = async (_url, init) => {
  const { Authorization } = init.headers as Record<string, string>;
  return Response.json({ error: `bad header ${Authorization}` }, { status: 401 });
};

describe("the token", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "molecule-token-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("is read from its file at each use", async () => {
    const file = join(folder, "token");
    await writeFile(file, "an-old-token\n");
    const of = channel({ token: { file } });
    expect(await failureOf(poll(of, null))).toMatchObject({ data: { retryable: true } });
    await writeFile(file, `${defaultToken}\n`);
    await expect(poll(of, null)).resolves.toMatchObject({ deliveries: [] });
  });

  test("never shows in an error, whatever the platform or the file says", async () => {
    const secret = "s3cret-token-of-ws-self";
    const file = join(folder, "token");
    await writeFile(file, `${secret}\n${secret} with a line feed`);
    const errors = [
      await failureOf(poll(channel({ token: { value: secret }, fetch: echo }), null)),
      await failureOf(poll(channel({ token: { file } }), null)),
      await failureOf(poll(channel({ token: { file: join(folder, "none") } }), null)),
      await failureOf(poll(channel({ token: { value: "" } }), null)),
    ];
    for (const error of errors) {
      expect(isBridgeError(error, "CHANNEL_FAILED")).toBe(true);
      expect(JSON.stringify([error.message, error.stack, error.cause, error])).not.toContain(
        secret,
      );
    }
    expect(errors[0]?.message).toContain("bad header Bearer [token]");
    expect(errors[1]?.message).toContain(file);
  });
});

describe("limits", () => {
  test("an answer of more than 32 MiB is given up while it comes", async () => {
    let sent = 0;
    let isCancelled = false;
    const chunk = new Uint8Array(1024 * 1024).fill(32);
    const body = new ReadableStream({
      pull: (controller) => {
        sent += chunk.length;
        controller.enqueue(chunk);
      },
      cancel: () => {
        isCancelled = true;
      },
    });
    const of = channel({ fetch: async () => new Response(body) });
    const options = { idempotencyKey: "k", signal };
    const error = await failureOf(
      of.send({ destination: { to: "user", workspace: "" }, text: "hi" }, options),
    );
    expect(error.message).toContain("33554432 bytes");
    expect(sent).toBeLessThan(40 * 1024 * 1024);
    expect(isCancelled).toBe(true);
  });

  test("a closed channel ends what it waits for", async () => {
    const of = channel();
    const waiting = failureOf(poll(of, null, 500_000));
    await expect.poll(() => asked.length).toBe(1);
    await of.dispose();
    expect((await waiting).message).toContain("is closed");
  });
});
