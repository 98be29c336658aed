import { randomUUID } from "node:crypto";
import type { ActivityRow, NewRow } from "./rows.ts";

/** Which rows a reader wants; see the platform's `GET /workspaces/:id/activity`. */
export interface ActivityQuery {
  readonly workspace: string;
  readonly type?: string;
  /** Rows after this row, oldest first. Without it rows come newest first. */
  readonly sinceId?: string;
  readonly sinceSecs?: number;
  /** Rows strictly older than this time, epoch milliseconds. */
  readonly beforeMs?: number;
  readonly limit: number;
}

/** A row with what orders it. What is shown may be anything: a test may store garbage. */
export interface StoredRow {
  readonly workspace: string;
  readonly id: string;
  readonly seq: number;
  readonly createdAtMs: number;
  /** The well-formed row; absent for garbage. */
  readonly row?: ActivityRow;
  readonly shown: unknown;
}

/** The activity of all workspaces, ordered by time and, within a millisecond, by `seq`. */
export interface ActivityLog {
  append(row: NewRow): ActivityRow;
  /** Stores any JSON value in a row's place. */
  appendGarbage(workspace: string, shown: unknown): StoredRow;
  /** The rows asked for; `undefined` when `sinceId` is no row of the workspace (any more). */
  list(query: ActivityQuery): readonly StoredRow[] | undefined;
  /** All rows of a workspace, or of all, oldest first. */
  rows(workspace?: string): readonly StoredRow[];
  /** Removes the rows up to a `seq` and returns how many they were. */
  prune(workspace: string, throughSeq: number): number;
}

/** Creates an empty log; `now` yields epoch milliseconds. */
export function createActivityLog(now: () => number): ActivityLog {
  let stored: StoredRow[] = [];
  let lastSeq = 0;

  const store = (row: Omit<StoredRow, "seq">): StoredRow => {
    lastSeq += 1;
    const complete = { ...row, seq: lastSeq };
    const last = stored.at(-1);
    stored.push(complete);
    if (last !== undefined && byAge(last, complete) > 0) stored.sort(byAge);
    return complete;
  };

  return {
    append: (input) => {
      const { id = randomUUID(), ageMs = 0, ...rest } = input;
      const createdAtMs = now() - ageMs;
      const created_at = new Date(createdAtMs).toISOString();
      const row: ActivityRow = { ...rest, id, created_at, seq: lastSeq + 1 };
      store({ workspace: row.workspace_id, id, createdAtMs, row, shown: row });
      return row;
    },
    appendGarbage: (workspace, shown) =>
      store({ workspace, id: randomUUID(), createdAtMs: now(), shown }),
    list: (query) => list(stored, query, now()),
    rows: (workspace) =>
      workspace === undefined ? [...stored] : stored.filter((row) => row.workspace === workspace),
    prune: (workspace, throughSeq) => {
      const before = stored.length;
      stored = stored.filter((row) => row.workspace !== workspace || row.seq > throughSeq);
      return before - stored.length;
    },
  };
}

function byAge(left: StoredRow, right: StoredRow): number {
  return left.createdAtMs - right.createdAtMs || left.seq - right.seq;
}

function list(
  stored: readonly StoredRow[],
  query: ActivityQuery,
  nowMs: number,
): readonly StoredRow[] | undefined {
  const own = stored.filter((row) => row.workspace === query.workspace);
  const cursor =
    query.sinceId === undefined ? undefined : own.find(({ id }) => id === query.sinceId);
  if (query.sinceId !== undefined && cursor === undefined) return undefined;
  const oldestMs = query.sinceSecs === undefined ? -Infinity : nowMs - query.sinceSecs * 1_000;
  const wanted = own.filter(
    (row) =>
      (cursor === undefined || byAge(row, cursor) > 0) &&
      row.createdAtMs >= oldestMs &&
      row.createdAtMs < (query.beforeMs ?? Infinity) &&
      // Garbage belongs to no type, and so to all.
      (query.type === undefined || row.row === undefined || row.row.activity_type === query.type),
  );
  return (cursor === undefined ? wanted.toReversed() : wanted).slice(0, query.limit);
}
