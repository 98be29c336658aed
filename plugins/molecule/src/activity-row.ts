import { BridgeError } from "@agent-bridge/core";
import type { Delivery, Json, JsonObject } from "@agent-bridge/core";
import * as z from "zod";
import { channelFailed } from "./failure.ts";

/** A row of the activity as far as the channel itself reads it. What a message says is the kinds' to check. */
const rowSchema = z.looseObject({
  id: z.string().nullish(),
  seq: z.int().nullish(),
  created_at: z.string().nullish(),
  activity_type: z.string().nullish(),
  workspace_id: z.string().nullish(),
  source_id: z.string().nullish(),
  target_id: z.string().nullish(),
  method: z.string().nullish(),
});

/** One row of a workspace's activity. It has an id, or at least a seq. */
export type ActivityRow = z.output<typeof rowSchema>;

/** Which inbox the rows are of. */
export interface Inbox {
  readonly channel: string;
  readonly workspaceId: string;
}

/**
 * Reads the answer to a question for activity.
 *
 * @throws BridgeError CHANNEL_ANSWER_INVALID when it is no list, or a row can not be told from others
 */
export function parseRows(body: unknown, { channel }: Inbox): readonly ActivityRow[] {
  const invalid = (detail: string): BridgeError =>
    new BridgeError("CHANNEL_ANSWER_INVALID", { channel, detail });
  if (!Array.isArray(body)) throw invalid("it has no list of rows");
  return body.map((value: unknown, index) => {
    const row = rowSchema.safeParse(value);
    if (!row.success) throw invalid(`row ${index + 1} is no activity row`);
    if (row.data.id || row.data.seq != null) return row.data;
    throw invalid(`row ${index + 1} has neither id nor seq`);
  });
}

/** The error of a row that can not be read for its size, and keeps those behind it from being read. */
export function rowTooLarge({ channel }: Inbox): BridgeError {
  const detail = "one message alone is too large an answer; it has to be removed on the platform";
  return channelFailed({ channel, operation: "receive", detail, effect: "none", retryable: true });
}

/** The id by which a message is known, also where the platform gave none. */
export function rowId({ id, seq }: ActivityRow): string {
  return id || `seq:${seq}`;
}

/** Sorts rows as they happened and leaves each id only once. */
export function inOrder(rows: readonly ActivityRow[]): readonly ActivityRow[] {
  const unique = new Map(rows.map((row) => [rowId(row), row]));
  return [...unique.values()].toSorted(
    (left, right) => instantOf(left) - instantOf(right) || (left.seq ?? 0) - (right.seq ?? 0),
  );
}

/** When a row was made, in microseconds of the epoch: what the platform's own order has. */
export function instantOf({ created_at: createdAt }: Pick<ActivityRow, "created_at">): number {
  const ms = Date.parse(createdAt ?? "");
  if (Number.isNaN(ms)) return 0;
  const fraction = /\.(\d+)/.exec(createdAt ?? "")?.[1] ?? "";
  return ms * 1_000 + Number(fraction.slice(3, 6).padEnd(3, "0"));
}

/**
 * The message of a row, or null for what is no message: a record of what we told our user, and what we
 * did ourselves, except for the result of a delegation.
 */
export function deliveryOf(row: ActivityRow, inbox: Inbox): Delivery | null {
  const workspace = row.workspace_id || inbox.workspaceId;
  const isResult = row.method === "delegate_result";
  if (row.activity_type != null && row.activity_type !== "a2a_receive") return null;
  if (row.method === "notify" && !row.source_id) return null;
  if (row.source_id === workspace && !isResult) return null;
  const peer = (isResult ? row.target_id : row.source_id) || "";
  const message = messageOf(row);
  return {
    id: rowId(row),
    kind: kindOf(row, isResult),
    workspace,
    payload: {
      ...message,
      activity_id: rowId(row),
      peer_id: peer,
      arrival_workspace_id: workspace,
    },
    ack: { seq: row.seq ?? null, id: rowId(row) },
  };
}

/** Who sent it decides, as the platform noted it; what the sender wrote into the message does not. */
function kindOf(row: ActivityRow, isResult: boolean): string {
  if (isResult) return "delegation_result";
  const { kind } = row as { readonly kind?: unknown };
  if (typeof kind === "string" && kind !== "") return kind;
  return row.source_id ? "peer_agent" : "canvas_user";
}

/** What of a row is kept besides where it came from. */
const rowMembers = ["method", "created_at", "peer_name", "peer_role", "agent_card_url"] as const;
const bodyMembers = ["params", "parts", "delegation_id"] as const;

/** The members of a message, in the form that the platform's tools give it. */
function messageOf(row: ActivityRow): JsonObject {
  const request = objectOf(row["request_body"]);
  const response = objectOf(row["response_body"]);
  const attachments = row["attachments"];
  const texts = [request["text"], response["text"], row["error_detail"], row["summary"]];
  const members = [
    ...rowMembers.map((name) => [name, row[name]] as const),
    ...bodyMembers.map((name) => [name, request[name] ?? response[name]] as const),
    ["attachments", attachments] as const,
    ["text", texts.find((text) => typeof text === "string" && text !== "")] as const,
  ];
  // Parsed from JSON, so what is there is plain data.
  return Object.fromEntries(members.filter(([, value]) => value != null)) as JsonObject;
}

/** A body, which some platforms send as JSON text. */
function objectOf(value: unknown): Readonly<Record<string, Json>> {
  const body = typeof value === "string" ? parsed(value) : value;
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
  return isObject ? (body as Readonly<Record<string, Json>>) : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // Then it is no body that has members; the row's summary stands for the text.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
