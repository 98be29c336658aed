import type { ActivityRow, Attachment } from "./rows.ts";
import type { PlatformState } from "./state.ts";

/** A message as the tools show it. */
export interface InboxMessage {
  readonly activity_id: string;
  readonly text: string;
  readonly kind: "canvas_user" | "peer_agent" | "delegation_result";
  /** The sending workspace; "" for a person on the canvas. */
  readonly peer_id: string;
  readonly arrival_workspace_id: string;
  readonly method: string;
  readonly created_at: string;
  readonly peer_name?: string;
  readonly peer_role?: string;
  readonly agent_card_url?: string;
  readonly attachments?: readonly Attachment[];
}

/** Whether a row is a message for the agent, not a record of what the agent itself did. */
export function isInbound(row: ActivityRow): boolean {
  if (row.activity_type !== "a2a_receive") return false;
  if (row.method === "notify" && row.source_id === null) return false;
  return row.source_id !== row.workspace_id || row.method === "delegate_result";
}

/** Shows a row as a message. */
export function inboxMessage(state: PlatformState, row: ActivityRow): InboxMessage {
  const isResult = row.method === "delegate_result";
  const peerId = (isResult ? row.target_id : row.source_id) ?? "";
  const peer = state.workspace(peerId);
  const attachments = attachmentsOf(row);
  return {
    activity_id: row.id,
    text: isResult ? resultText(row) : textParts(row).join("\n"),
    kind: isResult ? "delegation_result" : peerId === "" ? "canvas_user" : "peer_agent",
    peer_id: peerId,
    arrival_workspace_id: row.workspace_id,
    method: row.method ?? "",
    created_at: row.created_at,
    ...(peer === undefined ? {} : { peer_name: peer.name, peer_role: peer.role }),
    ...(peerId === "" ? {} : { agent_card_url: `/registry/discover/${peerId}` }),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
}

/** The files, pictures, sounds and films of a message, as a flat list. */
export function attachmentsOf(row: ActivityRow): Attachment[] {
  return partsOf(row)
    .filter(({ kind }) => ["file", "image", "audio", "video"].includes(kind))
    .map(({ kind, part }) => {
      const file = part["file"] ?? part;
      const { uri, mime_type, name } = file as Omit<Attachment, "kind">;
      return { kind, uri, mime_type, name } as Attachment;
    });
}

function textParts(row: ActivityRow): string[] {
  return partsOf(row)
    .filter(({ kind }) => kind === "text")
    .flatMap(({ part }) => (typeof part["text"] === "string" ? [part["text"]] : []));
}

function resultText(row: ActivityRow): string {
  const { text } = (row.response_body ?? {}) as { readonly text?: unknown };
  return typeof text === "string" && text !== "" ? text : (row.error_detail ?? "");
}

interface Part {
  readonly kind: string;
  readonly part: Readonly<Record<string, unknown>>;
}

function partsOf(row: ActivityRow): Part[] {
  const body = row.request_body as
    | { readonly params?: { readonly message?: { readonly parts?: unknown } } | null }
    | null
    | undefined;
  const parts = body?.params?.message?.parts;
  if (!Array.isArray(parts)) return [];
  return (parts as Readonly<Record<string, unknown>>[]).map((part) => ({
    kind: [part["kind"], part["type"]].find((name) => typeof name === "string") ?? "",
    part,
  }));
}
