import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startPortal, type Client, type TestPortal } from "./portal.ts";
import { completed, said, type Act } from "./scripted-agent.ts";

let portal: TestPortal;
beforeEach(async () => {
  portal = await startPortal();
});
afterEach(async () => await portal[Symbol.asyncDispose]());

const eventBytes = 50_000;
/** More than what the two sides' kernels hold for one connection. */
const eventCount = 500;
const flood: readonly Act[] = [
  ...Array.from({ length: eventCount }, (_, place) =>
    said(`${place} `.padEnd(eventBytes, "words and ")),
  ),
  completed("done"),
];

/** What may wait in one socket: its high-water mark, and one message more. */
const mostBytes = 256 * 1024 + 128 * 1024;

function expectWhole(client: Client, taskId: string): void {
  const seqs = client.events(taskId).map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, place) => place + 1));
  expect(seqs.length).toBeGreaterThan(eventCount);
}

/** Looks at what waits in the sockets, until it is told to stop. @returns the most */
function watchBuffers(): () => number {
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, portal.sockets.bufferedBytes)), 1);
  return () => {
    clearInterval(timer);
    return most;
  };
}

describe("S17 a socket that does not keep up", () => {
  test("and never reads holds nobody up, costs little, and is told everything when it reads again", async () => {
    const [stuck, fast] = [await portal.connect(), await portal.connect()];
    portal.agent.script([{ type: "pause" }, ...flood]);
    const { id, conversationId } = await stuck.chat("flood");
    await fast.ask({ type: "resume", taskId: id, conversationId });
    stuck.socket.pause();
    const most = watchBuffers();
    await expect.poll(() => portal.agent.paused).toBe(1);
    portal.agent.goOn();
    expect(await fast.end(id)).toMatchObject({ status: "completed" });
    expectWhole(fast, id);
    expect(stuck.events(id).length).toBeLessThan(eventCount);
    expect(most()).toBeLessThan(2 * mostBytes);
    stuck.socket.resume();
    await stuck.end(id);
    expectWhole(stuck, id);
    expect(portal.sockets.bufferedBytes).toBe(0);
  });

  test("and reads a little now and then is told everything once, at its own pace", async () => {
    const slow = await portal.connect();
    portal.agent.script(flood);
    slow.socket.on("message", () => {
      slow.socket.pause();
      setTimeout(() => slow.socket.resume(), 2);
    });
    const most = watchBuffers();
    const { id } = await slow.chat("flood");
    await expect
      .poll(async () => (await portal.operator.task(id)).status, { timeout: 15_000 })
      .toBe("completed");
    await slow.end(id);
    expectWhole(slow, id);
    expect(most()).toBeLessThan(mostBytes);
  });

  test("and watches many tasks, or asks without reading, costs no more", async () => {
    const [stuck, other] = [await portal.connect(), await portal.connect("key-bob")];
    portal.agent.script([{ type: "pause" }, ...flood.slice(-100)]);
    const tasks = await Promise.all(
      Array.from({ length: 4 }, async (_, place) => await stuck.chat(`task ${place}`)),
    );
    await expect.poll(() => portal.agent.paused).toBe(4);
    stuck.socket.pause();
    const most = watchBuffers();
    portal.agent.goOn();
    for (const { id } of tasks)
      await expect.poll(async () => (await portal.operator.task(id)).status).toBe("completed");
    for (let count = 0; count < 500; count++)
      stuck.send({ type: "events", id: `asked-${count}`, limit: 100 });
    portal.agent.script([completed("still here")]);
    const { id } = await other.chat("are you there?");
    expect(await other.end(id)).toMatchObject({ output: "still here" });
    // A page of a hundred events is one message.
    expect(most()).toBeLessThan(mostBytes + 100 * 1.2 * eventBytes);
    expect(portal.sockets.count).toBe(2);
    stuck.cut();
    await expect.poll(() => portal.sockets.count).toBe(1);
  });
});
