import type { Received } from "@agent-bridge/core";
import { watchedClock } from "@agent-bridge/testing/channel-conformance";
import { createPlatformState, fakeTools } from "@agent-bridge/testing/fake-platform";
import { describe, expect, test } from "vitest";
import { moleculeToolsChannel } from "../src/index.ts";
import type { MoleculeTools, MoleculeToolsChannel } from "../src/index.ts";

const signal = new AbortController().signal;
const message = {
  kind: "canvas_user",
  activity_id: "act-1",
  arrival_workspace_id: "ws-1",
  text: "hi",
};

/** Tools that record what they are called with and answer with the given head and queue. */
function recorded(head: unknown, queue?: unknown): { tools: MoleculeTools; calls: unknown[] } {
  const calls: unknown[] = [];
  const tool =
    (name: string, answer: unknown) =>
    async (input: unknown): Promise<string | object> => {
      calls.push([name, input]);
      return answer as string | object;
    };
  const tools: MoleculeTools = {
    wait_for_message: tool("wait_for_message", head),
    inbox_pop: tool("inbox_pop", { removed: false }),
    send_message_to_user: tool("send_message_to_user", "Message sent to user"),
    delegate_task: tool("delegate_task", "Error handling was never my strength, but here you are."),
    ...(queue === undefined ? {} : { inbox_peek: tool("inbox_peek", queue) }),
  };
  return { tools, calls };
}

function channelOver(tools: MoleculeTools, workspaceId?: string): MoleculeToolsChannel {
  return moleculeToolsChannel({
    name: "molecule",
    tools,
    clock: watchedClock(20),
    ...(workspaceId === undefined ? {} : { workspaceId }),
  });
}

const poll = (channel: MoleculeToolsChannel, waitMs = 0): Promise<Received> =>
  channel.receive({ after: null, waitMs, signal });

const idsOf = ({ deliveries }: Received): string[] => deliveries.map(({ id }) => id);

describe("the arguments of the tools", () => {
  test.each([
    [0, 0],
    [25_000, 25],
    [3_600_000, 300],
  ])("a wait of %i ms asks for timeout_secs %i", async (waitMs, secs) => {
    const { tools, calls } = recorded({ timeout: true, timeout_secs: secs });
    expect(await poll(channelOver(tools), waitMs)).toEqual({ deliveries: [], next: null });
    expect(calls).toEqual([["wait_for_message", { timeout_secs: secs }]]);
  });

  test("replies and acknowledgements name their workspace, where there is one", async () => {
    const { tools, calls } = recorded(message);
    const { send, ack } = channelOver(tools);
    const options = { idempotencyKey: "k", signal };
    await send({ destination: { to: "user", workspace: "ws-1" }, text: "a" }, options);
    await send({ destination: { to: "user", workspace: "" }, text: "b" }, options);
    await send({ destination: { to: "peer", peer: "ws-p", source: "ws-1" }, text: "c" }, options);
    await send({ destination: { to: "peer", peer: "ws-p", source: "" }, text: "d" }, options);
    await ack({ activityId: "act-1" }, { signal });
    expect(calls).toEqual([
      ["send_message_to_user", { message: "a", workspace_id: "ws-1" }],
      ["send_message_to_user", { message: "b" }],
      ["delegate_task", { workspace_id: "ws-p", task: "c", source_workspace_id: "ws-1" }],
      ["delegate_task", { workspace_id: "ws-p", task: "d" }],
      ["inbox_pop", { activity_id: "act-1" }],
    ]);
  });
});

describe("the head of the queue", () => {
  test.each([
    ["as text", JSON.stringify(message)],
    ["as an object", message],
  ])("is taken %s, with all its members", async (_form, head) => {
    expect(await poll(channelOver(recorded(head).tools))).toEqual({
      deliveries: [
        {
          id: "act-1",
          kind: "canvas_user",
          workspace: "ws-1",
          payload: message,
          ack: { activityId: "act-1" },
        },
      ],
      next: null,
    });
  });

  test.each([
    [{ workspace_id: "ws-old" }, "ws-old"],
    [{ workspace_id: "" }, "ws-own"],
    [{}, "ws-own"],
  ])("with %j it is of the workspace %s", async (members, workspace) => {
    const head = { kind: "canvas_user", activity_id: "act-1", ...members };
    const { deliveries } = await poll(channelOver(recorded(head).tools, "ws-own"));
    expect(deliveries[0]?.workspace).toBe(workspace);
  });

  test("S33 a failure that is told as a text is named in the error", async () => {
    const { tools } = recorded("Error: the inbox is not enabled");
    await expect(poll(channelOver(tools))).rejects.toMatchObject({
      code: "CHANNEL_FAILED",
      message: "molecule: receive failed: wait_for_message: Error: the inbox is not enabled",
    });
  });

  test("fault 3: an error text of a reply is a failure, an answer that speaks of errors is none", async () => {
    const { tools } = recorded(message);
    const destination = { to: "peer", peer: "ws-p", source: "" };
    const options = { idempotencyKey: "k", signal };
    const { send } = channelOver(tools);
    await expect(send({ destination, text: "x" }, options)).resolves.toEqual({ ref: null });
    tools.delegate_task = async () => "DELEGATION FAILED to ws-p: no answer";
    await expect(send({ destination, text: "x" }, options)).rejects.toMatchObject({
      code: "CHANNEL_FAILED",
      data: { effect: "unknown", retryable: true },
    });
  });
});

describe("reading ahead", () => {
  const queue = [message, { ...message, activity_id: "act-2" }, { text: "nameless" }];

  test("gives each message once, and what is still there again when a wait ends", async () => {
    const channel = channelOver(recorded(message, JSON.stringify(queue)).tools);
    expect(channel.readsAhead).toBe(true);
    expect(idsOf(await poll(channel))).toEqual(["act-1", "act-2"]);
    expect(idsOf(await poll(channel, 1_000))).toEqual(["act-1", "act-2"]);
  });

  test("fault 6: messages behind a head that takes long are delivered while it is there", async () => {
    const state = createPlatformState();
    const channel = channelOver(fakeTools(state, { secondMs: 50 }));
    const first = state.addCanvas({ workspace: "ws-a", text: "a long turn" }).id;
    expect(idsOf(await poll(channel, 10_000))).toEqual([first]);
    const waiting = poll(channel, 100_000);
    const second = state.addCanvas({ workspace: "ws-b", text: "a short one" }).id;
    expect(idsOf(await waiting)).toEqual([second]);
  });

  test("a message that was acknowledged is not given again", async () => {
    const state = createPlatformState();
    const channel = channelOver(fakeTools(state, { secondMs: 50 }));
    for (const text of ["one", "two"]) state.addCanvas({ workspace: "ws-a", text });
    const { deliveries } = await poll(channel);
    await channel.ack(deliveries[0]?.ack ?? null, { signal });
    expect(idsOf(await poll(channel))).toEqual([deliveries[1]?.id]);
  });
});

test("a tool that takes no notice of an abort or of its time limit is left behind", async () => {
  const never = new Promise<string>(() => undefined);
  const { tools } = recorded(message);
  tools.wait_for_message = async () => never;
  tools.send_message_to_user = async () => never;
  const clock = watchedClock(1_000);
  const channel = moleculeToolsChannel({ name: "molecule", tools, clock });
  await expect(poll(channel)).rejects.toMatchObject({ code: "CHANNEL_FAILED" });
  const destination = { to: "user", workspace: "" };
  const sending = channel.send({ destination, text: "x" }, { idempotencyKey: "k", signal });
  await expect(sending).rejects.toMatchObject({ data: { effect: "unknown", retryable: true } });
  expect(clock.waiting()).toBe(0);
});
