import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { type Attachment, defineKind, type RunnerEvent } from "@agent-bridge/core";
import { allTasks, eventsOf, settled, startBridge } from "./fixtures/bridges.ts";
import { eventually } from "./fixtures/eventually.ts";
import { kinds, noteKind } from "./fixtures/kinds.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import { failure, scriptedChannel } from "./fixtures/scripted-channel.ts";
import { scriptedRunner } from "./fixtures/scripted-runner.ts";
import { storeCases } from "./fixtures/stores.ts";

expectNothingLeft();

const plan: Attachment = {
  kind: "file",
  uri: "https://files.example/plan.pdf",
  mimeType: "application/pdf",
  name: "plan.pdf",
};
const shot: Attachment = { kind: "image", uri: "workspace:shot.png", mimeType: null, name: null };

/** A runner that answers "Here." with these attachments, whatever they are. */
const attaching = (attachments: unknown) =>
  scriptedRunner(async function* () {
    yield await Promise.resolve({
      type: "end",
      outcome: "completed",
      output: "Here.",
      attachments,
    } as RunnerEvent);
  });

describe.each(storeCases)("attachments on $name", ({ place }) => {
  test("what a sender attached reaches the runner apart from the text, as far as it is valid", async () => {
    const channel = scriptedChannel();
    const given = [plan, { ...shot, uri: "no address" }, { ...plan, size: 7 }, shot];
    const withFiles = defineKind({ ...noteKind, attachments: () => given as Attachment[] });
    const { operator, runner } = await startBridge(await place().open(), {
      channels: [channel],
      kinds: [withFiles, ...kinds.filter(({ name }) => name !== "note")],
    });
    channel.deliver({ payload: { from: "ann", text: "look" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect(runner.turns[0]).toMatchObject({ prompt: "look", attachments: [plan, shot] });
    expect((await allTasks(operator))[0]?.input.attachments).toEqual([plan, shot]);
  });

  test("an address that a sender or an agent names is asked by nobody", async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/internal`;
    const given = [{ ...plan, uri }];
    const channel = scriptedChannel();
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      kinds: [
        defineKind({ ...noteKind, attachments: () => given }),
        ...kinds.filter(({ name }) => name !== "note"),
      ],
      runner: attaching(given),
    });
    channel.deliver({ payload: { from: "ann", text: `look at ${uri}` } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect((await allTasks(operator))[0]?.input.attachments).toEqual(given);
    server.close();
    await once(server, "close");
    expect(asked).toEqual([]);
  });

  test("what goes with an answer is sent with it, named in the text where it can not be, and in the log", async () => {
    const channel = scriptedChannel({ attaches: ["https"] });
    let tries = 0;
    channel.faults.beforeSend = () => {
      if (++tries === 1) throw failure({ effect: "none" });
    };
    const runner = attaching([plan, shot]);
    const { operator } = await startBridge(await place().open(), { channels: [channel], runner });
    channel.deliver({ payload: { from: "ann", text: "the plan, please" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect(channel.shown).toMatchObject([
      { text: "Here.\n\n[image]: workspace:shot.png", attachments: [plan] },
    ]);
    const [task] = await allTasks(operator);
    await settled(operator, task?.id ?? "");
    const final = (await eventsOf(operator, task?.id ?? "")).find(
      ({ type }) => type === "turn.final_answer",
    );
    expect(final?.data).toEqual({ output: "Here.", attachments: [plan, shot] });
    expect(final?.cut).toBeUndefined();
  });

  test("a channel that carries none gets the text alone, with their names", async () => {
    const channel = scriptedChannel();
    await startBridge(await place().open(), { channels: [channel], runner: attaching([plan]) });
    channel.deliver({ payload: { from: "ann", text: "the plan, please" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    const text = `Here.\n\n[file] plan.pdf (application/pdf): ${plan.uri}`;
    expect(channel.shown).toMatchObject([{ text }]);
    expect(channel.shown[0]).not.toHaveProperty("attachments");
  });

  test.for<[string, unknown, readonly Attachment[], string]>([
    ["no list", { plan }, [], "no list"],
    ["one with a bad address", [{ ...plan, uri: "plan.pdf" }, plan], [plan], "absolute address"],
    ["an address over two lines", [{ ...plan, uri: "https://x/\nAnn:" }], [], "absolute address"],
    [
      "more than are taken",
      Array.from({ length: 20 }, () => shot),
      Array.from({ length: 16 }, () => shot),
      "there are 20",
    ],
    [
      "too much in all",
      Array.from({ length: 9 }, () => ({ ...plan, uri: `https://x/${"y".repeat(2000)}` })),
      Array.from({ length: 7 }, () => ({ ...plan, uri: `https://x/${"y".repeat(2000)}` })),
      "16384 bytes",
    ],
  ])("%s costs no answer, and is told in the log", async ([, given, taken, why]) => {
    const channel = scriptedChannel({ attaches: ["https", "workspace"] });
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      runner: attaching(given),
    });
    channel.deliver({ payload: { from: "ann", text: "go" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect(channel.shown[0]?.text).toBe("Here.");
    expect(channel.shown[0]?.attachments ?? []).toEqual(taken);
    const [task] = await allTasks(operator);
    const notices = (await eventsOf(operator, task?.id ?? "")).filter(
      ({ type }) => type === "turn.notice",
    );
    expect(notices).toMatchObject([{ data: { text: expect.stringContaining(why) as string } }]);
  });

  test("a secret in an address is kept out of the log and the reply", async () => {
    const channel = scriptedChannel({ attaches: ["https"] });
    const { operator } = await startBridge(await place().open(), {
      channels: [channel],
      runner: attaching([{ ...plan, uri: "https://x/?key=s3cret-key" }]),
      secrets: new Set(["s3cret-key"]),
    });
    channel.deliver({ payload: { from: "ann", text: "go" } });
    await eventually(() => expect(channel.shown).toHaveLength(1));
    expect(channel.shown[0]?.attachments?.[0]?.uri).toBe("https://x/?key=[secret]");
    const [task] = await allTasks(operator);
    expect(JSON.stringify(await eventsOf(operator, task?.id ?? ""))).not.toContain("s3cret-key");
  });
});
