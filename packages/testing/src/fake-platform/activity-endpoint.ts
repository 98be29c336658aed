import type { Call } from "../loopback/server.ts";
import type { StoredRow } from "./activity.ts";
import { attachmentsOf } from "./inbox.ts";
import { refuse } from "./outgoing.ts";
import type { Answer } from "./outgoing.ts";
import type { PlatformState } from "./state.ts";

const defaultLimit = 100;
const maxLimit = 500;
const maxSinceSecs = 30 * 24 * 60 * 60;

/** Answers `GET /workspaces/:id/activity`. */
export function readActivity(
  state: PlatformState,
  workspace: string,
  { query, headers }: Call,
): Answer {
  const sinceSecs = query.get("since_secs");
  if (sinceSecs !== null && !/^[1-9]\d*$/.test(sinceSecs)) {
    return refuse(400, "since_secs must be a positive integer");
  }
  const before = query.get("before_ts");
  const beforeMs = before === null ? Infinity : Date.parse(before);
  if (Number.isNaN(beforeMs)) return refuse(400, "before_ts must be an RFC3339 timestamp");
  const sinceId = query.get("since_id");
  const type = query.get("type");
  const limit = Number(query.get("limit") ?? defaultLimit);
  const rows = state.activity.list({
    workspace,
    ...(type === null ? {} : { type }),
    ...(sinceId === null || sinceId === "" ? {} : { sinceId }),
    ...(sinceSecs === null ? {} : { sinceSecs: Math.min(Number(sinceSecs), maxSinceSecs) }),
    beforeMs,
    limit: Number.isInteger(limit) && limit > 0 ? Math.min(limit, maxLimit) : defaultLimit,
  });
  if (rows === undefined) {
    return refuse(410, "since_id cursor not found; omit since_id to reset");
  }
  const withPeer = (query.get("include") ?? "").split(",").includes("peer_info");
  const base = `http://${headers.host ?? ""}`;
  const body = rows.map((row) => (withPeer ? withPeerInfo(state, row, base) : row.shown));
  return { status: 200, body, effect: "none" };
}

/** Adds what the platform knows of the sender, and the attachments as a flat list. */
function withPeerInfo(state: PlatformState, { row, shown }: StoredRow, base: string): unknown {
  if (row === undefined) return shown;
  const attachments = attachmentsOf(row);
  const peer = row.source_id === null ? undefined : state.workspace(row.source_id);
  return {
    ...row,
    ...(peer === undefined ? {} : { peer_name: peer.name, peer_role: peer.role }),
    ...(row.source_id === null
      ? {}
      : { agent_card_url: `${base}/registry/discover/${row.source_id}` }),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
}
