import { Writable } from "node:stream";
import type { BridgeEvent } from "@agent-bridge/core";
import { expect, test } from "vitest";
import { LiveLine } from "../src/live-line.ts";
import type { Output } from "../src/surroundings.ts";

function output(about: { isTTY: boolean; columns?: number }): {
  text: () => string;
  stream: Output;
} {
  let text = "";
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  return { text: () => text, stream: Object.assign(stream, about) };
}

const started: BridgeEvent = {
  type: "task.started",
  data: { attempt: 1, cause: "new" },
  cursor: "c",
  taskId: "task_1",
  conversationId: null,
  seq: 1,
  at: Date.now(),
};

test("on a terminal the line is taken away before something is printed, and at the end", () => {
  const { text, stream } = output({ isTTY: true, columns: 60 });
  const live = new LiveLine(stream);
  live.show(started, () => void stream.write("printed\n"));
  live[Symbol.dispose]();
  // oxlint-disable-next-line no-control-regex -- what a terminal is told
  expect(text()).toMatch(/^\r\u001b\[Kprinted\n\r\u001b\[Kstarting · .* ago\r\u001b\[K$/);
});

test("the line fits the terminal, also one that does not know its width", () => {
  for (const columns of [0, 40]) {
    const { text, stream } = output({ isTTY: true, columns });
    using live = new LiveLine(stream);
    live.show({ ...started, at: Date.now() - 100_000_000 }, () => undefined);
    const line = text().split("\u001b[K").at(-1) ?? "";
    expect(line.length).toBe(39);
  }
});

test("off a terminal nothing is drawn, only printed", () => {
  const { text, stream } = output({ isTTY: false });
  const live = new LiveLine(stream);
  live.show(started, () => void stream.write("printed\n"));
  live[Symbol.dispose]();
  expect(text()).toBe("printed\n");
});
