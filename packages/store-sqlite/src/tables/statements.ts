import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";

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
function prepare(db: DatabaseSync, sql: string): Statement {
  const statement = db.prepare(sql);
  return {
    get: (...values) => statement.get(...values),
    all: (...values) => statement.all(...values),
    run: (...values) => Number(statement.run(...values).lastInsertRowid),
  };
}

/** Rows of a list, read a page at a time, so that a reader who stops early has read little. */
export function* paged(page: (after: number) => readonly Raw[], size: number): Generator<Raw> {
  for (let after = 0; ;) {
    const rows = page(after);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < size) return;
    after = Number(last["ord"]);
  }
}

/** How many rows `paged` readers ask for at once. */
export const pageSize = 64;

/** What stands in a JSON column. The store wrote it, so its shape is known. */
export function parsed<T>(raw: Raw, column: string): T {
  return JSON.parse(raw[column] as string) as T;
}

/** The number that a counting statement gives. */
export function countIn(raw: Raw | undefined): number {
  return Number(raw?.["count"] ?? 0);
}

/** Prepares a table of statements. */
export function prepareAll<Name extends string>(
  db: DatabaseSync,
  sql: Readonly<Record<Name, string>>,
): Readonly<Record<Name, Statement>> {
  const entries = Object.entries<string>(sql).map(([name, text]) => [name, prepare(db, text)]);
  return Object.fromEntries(entries) as Record<Name, Statement>;
}
