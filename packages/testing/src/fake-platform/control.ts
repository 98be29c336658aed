import { endpoints } from "./faults.ts";
import type { Endpoint, Fault } from "./faults.ts";
import type { DelegateResultInput, MessageInput, NewRow, PeerInput } from "./rows.ts";
import type { SentEntry } from "./sent-log.ts";
import type { PlatformState, WorkspaceInput } from "./state.ts";

/** What a test may do to the platform, by the last part of its path: `POST /__control/<name>`. */
export const controlActions = {
  /** Declares a workspace, or changes one. */
  setWorkspace: (state: PlatformState, input: WorkspaceInput) => state.setWorkspace(input),
  addCanvas: (state: PlatformState, input: MessageInput) => state.addCanvas(input),
  addPeer: (state: PlatformState, input: PeerInput) => state.addPeer(input),
  addDelegateResult: (state: PlatformState, input: DelegateResultInput) =>
    state.addDelegateResult(input),
  /** Adds a row as given; what is left out is that of a canvas message. */
  addRow: (state: PlatformState, input: Partial<NewRow> & { readonly workspace_id: string }) =>
    state.addRow(input),
  /** Puts any JSON value where a row should be. HTTP shows it, the tools do not. */
  addGarbage: (
    state: PlatformState,
    input: { readonly workspace: string; readonly shown: unknown },
  ) => state.activity.appendGarbage(input.workspace, input.shown),
  arm: (state: PlatformState, input: Fault) => {
    if (!endpoints.includes(input.endpoint)) {
      throw new TypeError(`No endpoint is called "${input.endpoint}".`);
    }
    state.faults.arm(input);
    return null;
  },
  disarm: (state: PlatformState, input: { readonly endpoint?: Endpoint }) => {
    state.faults.disarm(input.endpoint);
    return null;
  },
  /** Removes a workspace's rows up to a `seq`, all by default; returns how many they were. */
  prune: (
    state: PlatformState,
    input: { readonly workspace: string; readonly throughSeq?: number },
  ) => state.activity.prune(input.workspace, input.throughSeq ?? Infinity),
  /** The acknowledged position of a workspace. */
  acked: (state: PlatformState, input: { readonly workspace: string }) =>
    state.acked(input.workspace),
} as const;

type Actions = typeof controlActions;

/** What the platform was sent. */
export interface PlatformLog {
  readonly entries: readonly SentEntry[];
  readonly polls: Readonly<Record<string, number>>;
}

/** The platform's record at this moment. */
export function readLog(state: PlatformState): PlatformLog {
  return { entries: state.sent.entries(), polls: state.sent.polls() };
}

const replies: ReadonlySet<Endpoint> = new Set([
  "notify",
  "delegate",
  "send_message_to_user",
  "delegate_task",
]);

/**
 * The replies that reached somebody, in order, of one workspace or of all: what a person saw and what peers got.
 * One that was deduplicated or refused is not among them; one whose answer was lost is.
 */
export function repliesIn(
  entries: readonly SentEntry[],
  workspace: string | undefined,
): readonly SentEntry[] {
  return entries.filter(
    (entry) =>
      entry.effect === "done" &&
      replies.has(entry.endpoint) &&
      (workspace === undefined || entry.workspace === workspace),
  );
}

/** Controls a platform over HTTP. */
export type PlatformControl = {
  readonly [Name in keyof Actions]: (
    input: Parameters<Actions[Name]>[1],
  ) => Promise<ReturnType<Actions[Name]>>;
} & {
  log(): Promise<PlatformLog>;
  /** See {@link repliesIn}. */
  sent(filter?: { readonly workspace?: string }): Promise<readonly SentEntry[]>;
};

/** A client for the control side of the platform at `url`. Every call throws when the platform refuses it. */
export function platformControl(url: string): PlatformControl {
  const log = (): Promise<PlatformLog> => exchange<PlatformLog>(`${url}/__log`);
  const action =
    (name: string) =>
    (input: unknown): Promise<unknown> =>
      exchange(`${url}/__control/${name}`, { method: "POST", body: JSON.stringify(input) });
  const actions = Object.fromEntries(
    Object.keys(controlActions).map((name) => [name, action(name)]),
  );
  return {
    // The table's own types say what each action takes and gives.
    ...(actions as unknown as PlatformControl),
    log,
    sent: async ({ workspace } = {}) => repliesIn((await log()).entries, workspace),
  };
}

async function exchange<Result>(url: string, request: RequestInit = {}): Promise<Result> {
  const response = await fetch(url, request);
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(body)}`);
  return body as Result;
}
