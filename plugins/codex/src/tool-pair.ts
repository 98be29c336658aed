import type { ToolPair } from "@agent-bridge/core";

/**
 * The names of the two tools that `codex mcp-server` had, for the agents that know them. What they start here
 * outlives the call, the client and the bridge's process.
 */
export const codexToolPair: ToolPair = {
  start: {
    name: "codex",
    title: "Codex",
    description:
      "Run a Codex session on a prompt. The answer carries `threadId`, for `codex-reply`, and `task_id`: when `timed_out` is true Codex is still at work, and `task_wait` with that id waits on.",
  },
  reply: {
    name: "codex-reply",
    title: "Codex reply",
    description:
      "Go on with a Codex session: its `threadId` and the next prompt. It is still there after a restart of the bridge.",
  },
};
