import { createActivityLog } from "./activity.ts";
import type { ActivityLog } from "./activity.ts";
import { createFaults } from "./faults.ts";
import type { Faults } from "./faults.ts";
import { createOutgoing } from "./outgoing.ts";
import type { Outgoing } from "./outgoing.ts";
import { canvasRow, delegateResultRow, peerRow } from "./rows.ts";
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

/** The platform's world: what HTTP and tools share. Nothing in it knows how it was reached. */
export interface PlatformState extends Outgoing {
  readonly activity: ActivityLog;
  readonly faults: Faults;
  readonly sent: SentLog;
  /** Declares a workspace, or changes one. */
  setWorkspace(workspace: WorkspaceInput): Workspace;
  workspace(id: string): Workspace | undefined;
  workspaces(): readonly Workspace[];
  /** Adds a message. It declares its workspace when nobody has. */
  addCanvas(message: MessageInput): ActivityRow;
  addPeer(message: PeerInput): ActivityRow;
  addDelegateResult(result: DelegateResultInput): ActivityRow;
  /** Adds a row as given; what is left out is that of a canvas message. */
  addRow(row: Partial<NewRow> & { readonly workspace_id: string }): ActivityRow;
  /** Calls the listener after each new row until the returned function is called. */
  onRow(listener: () => void): () => void;
}

/** Creates a platform. */
export function createPlatformState(options: PlatformOptions = {}): PlatformState {
  const now = options.now ?? Date.now;
  const listeners = new Set<() => void>();
  const activity = announcing(createActivityLog(now), listeners);
  const workspaces = new Map<string, Workspace>();
  const setWorkspace = (input: WorkspaceInput): Workspace => {
    const base = { name: input.id, role: "agent", token: defaultToken, talkToUser: true };
    const workspace = { ...base, ...workspaces.get(input.id), ...input };
    workspaces.set(input.id, workspace);
    return workspace;
  };
  for (const workspace of options.workspaces ?? [{ id: "ws-self" }, { id: "ws-peer" }]) {
    setWorkspace(workspace);
  }
  const arrive = (row: NewRow): ActivityRow => {
    if (!workspaces.has(row.workspace_id)) setWorkspace({ id: row.workspace_id });
    return activity.append(row);
  };
  return {
    ...createOutgoing(activity, workspaces),
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
    onRow: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The log, telling its listeners of each row. */
function announcing(log: ActivityLog, listeners: ReadonlySet<() => void>): ActivityLog {
  return {
    ...log,
    append: (row) => {
      const appended = log.append(row);
      for (const listener of listeners) listener();
      return appended;
    },
  };
}
