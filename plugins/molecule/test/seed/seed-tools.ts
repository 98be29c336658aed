import type { MoleculeTools } from "../../src/index.ts";

/** What a `wait_for_message` gives: a message, a text that is sent as it is, or a failure. */
export type Step = Record<string, unknown> | string | Error;

/** The four tools of the platform with a queue that redelivers its head until it is popped, and a record of all calls. */
export interface SeedTools extends MoleculeTools {
  readonly popped: string[];
  /** (text, workspace) */
  readonly canvasReplies: [string, string | undefined][];
  /** (peer, text, source) */
  readonly peerReplies: [string, string, string | undefined][];
  waits: number;
}

const timeout = JSON.stringify({ timeout: true, timeout_secs: 0 });

/** Messages wait until popped; texts and failures are given once each, in their place. */
export function seedTools(
  steps: readonly Step[],
  overrides: Partial<MoleculeTools> = {},
): SeedTools {
  const queue = [...steps];
  const tools: SeedTools = {
    popped: [],
    canvasReplies: [],
    peerReplies: [],
    waits: 0,
    wait_for_message: async () => {
      tools.waits++;
      await Promise.resolve();
      const head = queue[0];
      if (head === undefined) return timeout;
      if (typeof head === "string" || head instanceof Error) queue.shift();
      if (head instanceof Error) throw head;
      return typeof head === "string" ? head : JSON.stringify(head);
    },
    inbox_pop: async ({ activity_id: id }) => {
      await Promise.resolve();
      const place = queue.findIndex(
        (step) => typeof step === "object" && "activity_id" in step && step["activity_id"] === id,
      );
      if (place >= 0) queue.splice(place, 1);
      tools.popped.push(id);
      return JSON.stringify({ removed: place >= 0, activity_id: id });
    },
    send_message_to_user: async ({ message, workspace_id: workspace }) => {
      await Promise.resolve();
      tools.canvasReplies.push([message, workspace]);
      return "Message sent to user";
    },
    delegate_task: async ({ workspace_id: peer, task, source_workspace_id: source }) => {
      await Promise.resolve();
      tools.peerReplies.push([peer, task, source]);
      return "ok";
    },
    ...overrides,
  };
  return tools;
}
