import { randomUUID } from "node:crypto";
import { createActivityLog } from "./activity.ts";
import type { ActivityLog } from "./activity.ts";
import { createFaults } from "./faults.ts";
import type { Faults } from "./faults.ts";
import { canvasRow, delegateResultRow, delegationRow, notifyRow, peerRow } from "./rows.ts";
import type { ActivityRow, DelegateResultInput, MessageInput, NewRow, PeerInput } from "./rows.ts";
import { createSentLog } from "./sent-log.ts";
import type { SentLog } from "./sent-log.ts";

/** An agent's place on the platform. */
export interface Workspace {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  /** The bearer token of its agent. */
  readonly token: string;
  /** Whether its agent may write to the user; true by default. */
  readonly talkToUser: boolean;
}

/** A workspace as it is declared: only the id is needed. */
export type WorkspaceInput = Pick<Workspace, "id"> & Partial<Workspace>;

/** The token of every workspace that is declared without one. */
export const defaultToken = "fake-platform-token";

/** Settings of the platform. */
export interface PlatformOptions {
  /** `ws-self` and `ws-peer` by default. */
  readonly workspaces?: readonly WorkspaceInput[];
  /** File to which the record of what was sent is appended. */
  readonly logFile?: string | undefined;
  /** Epoch milliseconds; the system's clock by default. */
  readonly now?: () => number;
}

/** What a call is answered with, and what it did. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly effect: "done" | "deduplicated" | "none";
}

/** The platform's world: what HTTP and tools share. Nothing in it knows how it was reached. */
export interface PlatformState {
  readonly activity: ActivityLog;
  readonly faults: Faults;
  readonly sent: SentLog;
  /** Declares a workspace, or changes one. */
  setWorkspace(workspace: WorkspaceInput): Workspace;
  workspace(id: string): Workspace | undefined;
  workspaces(): readonly Workspace[];
  addCanvas(message: MessageInput): ActivityRow;
  addPeer(message: PeerInput): ActivityRow;
  addDelegateResult(result: DelegateResultInput): ActivityRow;
  /** Adds a row as given; what is left out is that of a canvas message. */
  addRow(row: Partial<NewRow> & { readonly workspace_id: string }): ActivityRow;
  /** Writes to the workspace's user. The platform does not deduplicate: twice sent is twice shown. */
  notify(workspace: string, message: unknown): Answer;
  /** Hands a task to a peer, once for each key; the peer gets it in its inbox. */
  delegate(input: DelegateInput): Answer;
  /** Moves the acknowledged position; it never goes back. */
  ack(workspace: string, seq: unknown): Answer;
  acked(workspace: string): number;
  /** Calls the listener after each new row until the returned function is called. */
  onRow(listener: () => void): () => void;
}

/** A task for a peer. */
export interface DelegateInput {
  readonly workspace: string;
  readonly target: unknown;
  readonly task: unknown;
  readonly idempotencyKey?: unknown;
}

/** Creates a platform. */
export function createPlatformState(options: PlatformOptions = {}): PlatformState {
  const now = options.now ?? Date.now;
  const log = createActivityLog(now);
  const workspaces = new Map<string, Workspace>();
  const acks = new Map<string, number>();
  const delegations = new Map<string, { id: string; target: string }>();
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const activity: ActivityLog = {
    ...log,
    append: (row) => {
      const appended = log.append(row);
      changed();
      return appended;
    },
  };
  const setWorkspace = (input: WorkspaceInput): Workspace => {
    const base = { name: input.id, role: "agent", token: defaultToken, talkToUser: true };
    const workspace = { ...base, ...workspaces.get(input.id), ...input };
    workspaces.set(input.id, workspace);
    return workspace;
  };
  for (const workspace of options.workspaces ?? [{ id: "ws-self" }, { id: "ws-peer" }]) {
    setWorkspace(workspace);
  }
  /** A message to a workspace that nobody declared declares it. */
  const arrive = (row: NewRow): ActivityRow => {
    if (!workspaces.has(row.workspace_id)) setWorkspace({ id: row.workspace_id });
    return activity.append(row);
  };

  return {
    activity,
    faults: createFaults(),
    sent: createSentLog({ now, file: options.logFile }),
    setWorkspace,
    workspace: (id) => workspaces.get(id),
    workspaces: () => [...workspaces.values()],
    addCanvas: (message) => arrive(canvasRow(message)),
    addPeer: (message) => arrive(peerRow(message)),
    addDelegateResult: (result) => arrive(delegateResultRow(result)),
    addRow: (row) => arrive({ ...canvasRow({ workspace: row.workspace_id, text: "" }), ...row }),
    notify: (workspace, message) => {
      if (typeof message !== "string" || message === "") return refuse(400, "message is required");
      if (workspaces.get(workspace)?.talkToUser === false) return talkToUserDisabled;
      activity.append(notifyRow(workspace, message));
      return { status: 200, body: { status: "sent" }, effect: "done" };
    },
    delegate: ({ workspace, target, task, idempotencyKey }) => {
      if (typeof target !== "string" || typeof task !== "string" || target === "" || task === "") {
        return refuse(400, "invalid delegation request");
      }
      if (target === workspace) return refuse(400, "self-delegation not permitted");
      const key = typeof idempotencyKey === "string" ? idempotencyKey : "";
      const known = key === "" ? undefined : delegations.get(JSON.stringify([workspace, key]));
      // The status of a replay is where the delegation stands, no longer "delegated".
      if (known !== undefined) {
        const body = { status: "pending", target_id: known.target, idempotent_hit: true };
        return { status: 200, body: { delegation_id: known.id, ...body }, effect: "deduplicated" };
      }
      const id = randomUUID();
      if (key !== "") delegations.set(JSON.stringify([workspace, key]), { id, target });
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
    onRow: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
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
