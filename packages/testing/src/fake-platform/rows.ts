import { randomUUID } from "node:crypto";

/** One row of a workspace's activity, as the platform's HTTP interface shows it. */
export interface ActivityRow {
  readonly id: string;
  readonly workspace_id: string;
  readonly activity_type: string;
  /** The sending workspace; null for a person on the canvas. */
  readonly source_id: string | null;
  readonly target_id: string | null;
  readonly method: string | null;
  readonly summary: string | null;
  readonly request_body?: unknown;
  readonly response_body?: unknown;
  readonly status: string;
  readonly duration_ms: number | null;
  readonly error_detail: string | null;
  /** RFC 3339. */
  readonly created_at: string;
  /** Rises over all workspaces of the platform, so one workspace's rows have gaps. */
  readonly seq: number;
}

/** A file, picture, sound or film that a message carries. */
export interface Attachment {
  readonly kind: "file" | "image" | "audio" | "video";
  readonly uri: string;
  readonly mime_type?: string;
  readonly name?: string;
}

/** What every message may say. */
export interface MessageInput {
  /** The workspace whose inbox it arrives in. */
  readonly workspace: string;
  /** One text, or several, each in a part of its own. */
  readonly text: string | readonly string[];
  /** `activity_id`; a random UUID by default. */
  readonly id?: string;
  /** Age in milliseconds at arrival, for a message that waited; 0 by default. */
  readonly ageMs?: number;
  /** The member that tells parts apart: `kind` (A2A v1, the default) or `type` (v0). */
  readonly discriminator?: "kind" | "type";
  readonly attachments?: readonly Attachment[];
}

/** A message from another workspace's agent. */
export interface PeerInput extends MessageInput {
  readonly peer: string;
}

/** The answer of a peer to something that this workspace delegated. */
export interface DelegateResultInput {
  readonly workspace: string;
  readonly peer: string;
  readonly text: string;
  readonly delegationId: string;
  readonly id?: string;
  /** A delegation that failed; its text is then the error. */
  readonly isFailure?: boolean;
}

/** A row before it has its place in the log. */
export type NewRow = Omit<ActivityRow, "id" | "created_at" | "seq"> & {
  readonly id?: string;
  readonly ageMs?: number;
};

const plainRow = {
  activity_type: "a2a_receive",
  target_id: null,
  status: "ok",
  duration_ms: null,
  error_detail: null,
} as const;

/** The row of a message that a person wrote on the canvas. */
export function canvasRow(input: MessageInput): NewRow {
  return messageRow(input, null);
}

/** The row of a message from a peer. */
export function peerRow(input: PeerInput): NewRow {
  return messageRow(input, input.peer);
}

function messageRow(input: MessageInput, source: string | null): NewRow {
  return {
    ...plainRow,
    ...(input.id === undefined ? {} : { id: input.id }),
    ...(input.ageMs === undefined ? {} : { ageMs: input.ageMs }),
    workspace_id: input.workspace,
    source_id: source,
    target_id: input.workspace,
    method: "message/send",
    summary: textsOf(input).join(" ").slice(0, 80),
    request_body: {
      jsonrpc: "2.0",
      method: "message/send",
      params: { message: { role: "user", messageId: randomUUID(), parts: partsOf(input) } },
    },
  };
}

function textsOf(input: MessageInput): readonly string[] {
  return typeof input.text === "string" ? [input.text] : input.text;
}

function partsOf(input: MessageInput): unknown[] {
  const discriminator = input.discriminator ?? "kind";
  return [
    ...textsOf(input).map((text) => ({ [discriminator]: "text", text })),
    ...(input.attachments ?? []).map(({ kind, ...file }) => ({ [discriminator]: kind, file })),
  ];
}

/** The row of a delegation's result: its source is the workspace itself, its text is in the response. */
export function delegateResultRow(input: DelegateResultInput): NewRow {
  const isFailure = input.isFailure ?? false;
  return {
    ...plainRow,
    ...(input.id === undefined ? {} : { id: input.id }),
    workspace_id: input.workspace,
    source_id: input.workspace,
    target_id: input.peer,
    method: "delegate_result",
    summary: isFailure ? "Delegation failed" : "Delegation result delivered",
    request_body: { delegation_id: input.delegationId },
    response_body: { text: isFailure ? "" : input.text, delegation_id: input.delegationId },
    status: isFailure ? "error" : "ok",
    error_detail: isFailure ? input.text : null,
  };
}

/** The row that the platform keeps of what an agent told its user: it has no source. */
export function notifyRow(
  workspace: string,
  message: string,
  attachments?: readonly Attachment[],
): NewRow {
  return {
    ...plainRow,
    workspace_id: workspace,
    source_id: null,
    method: "notify",
    summary: message.slice(0, 80),
    request_body: { message, ...(attachments === undefined ? {} : { attachments }) },
  };
}

/** The row that the platform keeps of a delegation, in the delegating workspace. */
export function delegationRow(delegation: {
  readonly workspace: string;
  readonly target: string;
  readonly task: string;
  readonly delegationId: string;
}): NewRow {
  const { workspace, target, task, delegationId } = delegation;
  return {
    ...plainRow,
    activity_type: "delegation",
    workspace_id: workspace,
    source_id: workspace,
    target_id: target,
    method: "delegate",
    summary: `Delegating to ${target}`,
    request_body: { task, delegation_id: delegationId },
    response_body: { delegation_id: delegationId },
    status: "pending",
  };
}
