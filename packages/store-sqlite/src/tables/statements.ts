import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { OldestFirst } from "@agent-bridge/core";

/** A row as SQLite gives it. */
export type Raw = Readonly<Record<string, SQLOutputValue>>;

/** One statement, prepared once. */
export interface Statement {
  get(...values: SQLInputValue[]): Raw | undefined;
  all(...values: SQLInputValue[]): readonly Raw[];
  /** @returns the row id of what was inserted */
  run(...values: SQLInputValue[]): number;
}

/** Prepares a statement. */
export function prepare(db: DatabaseSync, sql: string): Statement {
  const statement = db.prepare(sql);
  return {
    get: (...values) => statement.get(...values),
    all: (...values) => statement.all(...values),
    run: (...values) => Number(statement.run(...values).lastInsertRowid),
  };
}

/** Prepares a table of statements. */
export function prepareAll<Name extends string>(
  db: DatabaseSync,
  sql: Readonly<Record<Name, string>>,
): Readonly<Record<Name, Statement>> {
  const entries = Object.entries<string>(sql).map(([name, text]) => [name, prepare(db, text)]);
  return Object.fromEntries(entries) as Record<Name, Statement>;
}

/** A condition with its value; without a value it does not count. */
export interface Condition {
  readonly sql: string;
  readonly value: SQLInputValue | undefined;
}

/**
 * A list that is newest first, under those conditions that have a value: a statement for each combination,
 * because one that says "or it is null" would use no index.
 *
 * @param select ends in a condition of its own
 */
export function newestFirst(
  db: DatabaseSync,
  select: string,
): (
  conditions: readonly Condition[],
  page: { limit: number; before: number | null },
) => readonly Raw[] {
  const statements = new Map<string, Statement>();
  return (conditions, { limit, before }) => {
    const used = conditions.filter(({ value }) => value !== undefined);
    const more = [...used.map(({ sql }) => sql), "ord < ?"].join(" AND ");
    const sql = `${select} AND ${more} ORDER BY ord DESC LIMIT ?`;
    const statement = statements.get(sql) ?? prepare(db, sql);
    statements.set(sql, statement);
    const values = used.map(({ value }) => value as SQLInputValue);
    return statement.all(...values, before ?? Number.MAX_SAFE_INTEGER, limit);
  };
}

/** The highest number that a table has ever given, as a scalar query. */
export function highestOf(table: "event" | "task" | "message", column: string): string {
  return `(SELECT max(value, coalesce((SELECT max(${column}) FROM ${table}), 0)) FROM highest WHERE name = '${table}')`;
}

/** Keeps a number from being given again once its row is removed. */
export function keepHighest(table: "event" | "task" | "message"): string {
  return `UPDATE highest SET value = ? WHERE name = '${table}' AND value < ?`;
}

/** The condition of a list that is oldest first by a time; `placeIn` gives its values, then the limit. */
export function behind(column: string): string {
  return `(${column}, ord) > (?, ?) AND ${column} <= ?`;
}

export function placeIn({ after, through, limit }: OldestFirst): SQLInputValue[] {
  return [after?.time ?? -Number.MAX_VALUE, after?.order ?? 0, through, limit];
}

/** How many rows `paged` readers ask for at once. */
export const pageSize = 64;

/** Rows of a list, read a page at a time, so that a reader who stops early has read little. */
export function* paged(page: (after: number) => readonly Raw[]): Generator<Raw> {
  for (let after = 0; ;) {
    const rows = page(after);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    after = Number(last["ord"]);
  }
}

/** What stands in a JSON column. The store wrote it, so its shape is known. */
export function parsed<T>(raw: Raw, column: string): T {
  return JSON.parse(raw[column] as string) as T;
}

/** The number that a counting statement gives. */
export function countIn(raw: Raw | undefined): number {
  return Number(raw?.["count"] ?? 0);
}

/**
 * A text from outside as a column holds it. SQLite's UTF-8 has no lone surrogates and would make different
 * texts equal; those, and what looks like it, become JSON.
 */
export function exact(text: string): string {
  return text.isWellFormed() && !text.startsWith('"') ? text : JSON.stringify(text);
}

/** The text that `exact` was given. */
export function original(stored: string): string {
  return stored.startsWith('"') ? (JSON.parse(stored) as string) : stored;
}
