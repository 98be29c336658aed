import { randomUUID } from "node:crypto";
import type { ActivityLog } from "./activity.ts";
import { delegationRow, notifyRow, peerRow } from "./rows.ts";
import type { Attachment } from "./rows.ts";
import type { Workspace } from "./state.ts";

/** What a call is answered with, and what it did. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly effect: "done" | "deduplicated" | "none";
}

/** A task for a peer. */
export interface DelegateInput {
  readonly workspace: string;
  readonly target: unknown;
  readonly task: unknown;
  readonly idempotencyKey?: unknown;
}

/** What an agent may do on the platform. Inputs are as they came and are checked here. */
export interface Outgoing {
  /** Writes to the workspace's user. The platform does not deduplicate: twice sent is twice shown. */
  notify(workspace: string, message: unknown, attachments?: unknown): Answer;
  /** Hands a task to a peer, once for each key; the peer gets it in its inbox. */
  delegate(input: DelegateInput): Answer;
  /** Moves the acknowledged position; it never goes back. */
  ack(workspace: string, seq: unknown): Answer;
  acked(workspace: string): number;
}

/** The answer to an agent that may not write to its user. */
export const talkToUserDisabled: Answer = {
  status: 403,
  body: {
    error: "talk_to_user_disabled",
    hint: "This workspace may not write to its user; delegate to a workspace that may.",
  },
  effect: "none",
};

/** An answer that says why nothing was done. */
export function refuse(status: number, error: string): Answer {
  return { status, body: { error }, effect: "none" };
}

const attachmentKinds: readonly unknown[] = ["file", "image", "audio", "video"];

/** Nothing, or a list of what can be shown. */
function areAttachments(value: unknown): value is readonly Attachment[] | undefined {
  if (value === undefined) return true;
  if (!Array.isArray(value)) return false;
  return (value as readonly Partial<Attachment>[]).every(
    (one) => attachmentKinds.includes(one.kind) && typeof one.uri === "string" && one.uri !== "",
  );
}

/** What agents do, noted in the activity. */
export function createOutgoing(
  activity: ActivityLog,
  workspaces: ReadonlyMap<string, Workspace>,
): Outgoing {
  const acks = new Map<string, number>();
  const delegations = new Map<string, { id: string; target: string }>();
  return {
    notify: (workspace, message, attachments) => {
      if (typeof message !== "string" || message === "") return refuse(400, "message is required");
      if (!areAttachments(attachments))
        return refuse(400, "attachments must name a kind and a uri");
      if (workspaces.get(workspace)?.talkToUser === false) return talkToUserDisabled;
      activity.append(notifyRow(workspace, message, attachments));
      return { status: 200, body: { status: "sent" }, effect: "done" };
    },
    delegate: ({ workspace, target, task, idempotencyKey }) => {
      if (typeof target !== "string" || typeof task !== "string" || target === "" || task === "") {
        return refuse(400, "invalid delegation request");
      }
      if (target === workspace) return refuse(400, "self-delegation not permitted");
      const hasKey = typeof idempotencyKey === "string" && idempotencyKey !== "";
      const key = JSON.stringify([workspace, idempotencyKey]);
      const known = hasKey ? delegations.get(key) : undefined;
      // The status of a replay is where the delegation stands, no longer "delegated".
      if (known !== undefined) {
        const body = { status: "pending", target_id: known.target, idempotent_hit: true };
        return { status: 200, body: { delegation_id: known.id, ...body }, effect: "deduplicated" };
      }
      const id = randomUUID();
      if (hasKey) delegations.set(key, { id, target });
      activity.append(delegationRow({ workspace, target, task, delegationId: id }));
      if (workspaces.has(target)) {
        activity.append(peerRow({ workspace: target, peer: workspace, text: task }));
      }
      const body = { delegation_id: id, status: "delegated", target_id: target };
      return { status: 202, body, effect: "done" };
    },
    ack: (workspace, seq) => {
      if (typeof seq !== "number" || !Number.isSafeInteger(seq)) {
        return refuse(400, "acked_seq is required");
      }
      if (seq < 0) return refuse(400, "acked_seq must be >= 0");
      const before = acks.get(workspace) ?? 0;
      acks.set(workspace, Math.max(before, seq));
      const body = { last_acked_seq: Math.max(before, seq) };
      return { status: 200, body, effect: seq > before ? "done" : "deduplicated" };
    },
    acked: (workspace) => acks.get(workspace) ?? 0,
  };
}
