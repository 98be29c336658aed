import { BridgeError, type BridgeEvent, type Handle } from "@agent-bridge/core";

/** How far the fake's streams were read, and what of them has ended. */
export interface FakeHandle {
  readonly handle: Handle;
  /** Events that `follow` has yielded. */
  readonly yielded: () => number;
  /** Streams and waits that are under way. */
  readonly open: () => number;
}

const never = (): never => {
  throw new TypeError("The fake handle has no such method.");
};

function textEvent(seq: number, text: string): BridgeEvent {
  return {
    type: "turn.text",
    data: { text, delta: false },
    cursor: `c${seq}`,
    taskId: "task_known",
    conversationId: null,
    seq,
    at: seq,
  };
}

/**
 * A handle for tests of the socket: `task` knows only `task_known`; `attach` gives three events;
 * `follow` gives large ones without end; `wait` lasts until it is aborted.
 */
export function fakeHandle(): FakeHandle {
  let yielded = 0;
  let open = 0;
  const handle = {
    principal: { type: "operator" },
    task: async (taskId: string) => {
      if (taskId === "task_bug") throw new TypeError("a bug");
      if (taskId !== "task_known") throw new BridgeError("TASK_NOT_FOUND", { taskId });
      return await Promise.resolve({ id: taskId, output: { output: "x".repeat(100) } });
    },
    questions: async () => await Promise.resolve([]),
    async *attach() {
      open++;
      try {
        for (let seq = 1; seq <= 3; seq++) {
          await Promise.resolve();
          yield textEvent(seq, `text ${seq}`);
        }
      } finally {
        open--;
      }
    },
    async *follow({ signal }: { signal: AbortSignal }) {
      open++;
      try {
        while (!signal.aborted) {
          yielded++;
          yield textEvent(yielded, "y".repeat(16 * 1024));
          await new Promise((resolve) => void setImmediate(resolve));
        }
      } finally {
        open--;
      }
    },
    wait: async ({ signal }: { signal: AbortSignal }) => {
      open++;
      try {
        return await new Promise<never>((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      } finally {
        open--;
      }
    },
    start: never,
  };
  return { handle: handle as unknown as Handle, yielded: () => yielded, open: () => open };
}
