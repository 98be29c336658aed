import { Buffer } from "node:buffer";

/** A row as PostgreSQL gives it. */
export type Raw = Readonly<Record<string, unknown>>;

/** A value as PostgreSQL takes it. */
export type Value = string | number | boolean | null;

type SqlType = "bigint" | "boolean" | "double precision" | "integer" | "text";

/** One column, and what a row has in it. */
export interface Column<Row> {
  readonly type: SqlType;
  readonly of: (row: Row) => Value;
  /** `once`: set at the insertion, never changed. `kept`: set at some time, never changed afterwards. */
  readonly fixed?: "once" | "kept";
}

/** How the rows of a table are stored. */
export interface Stored<Row> {
  readonly table: string;
  /** The first is the primary key. */
  readonly columns: Readonly<Record<string, Column<Row>>>;
  readonly parse: (raw: Raw) => Row;
}

/** A statement with its values. `name` where it is worth preparing. */
export interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

const unnested = (columns: readonly (readonly [string, { readonly type: SqlType }])[]): string =>
  `unnest(${columns.map(([, { type }], place) => `$${place + 1}::${type}[]`).join(", ")})`;

/** What the columns of rows hold. Rows are never changed in place, so each is written out once. */
const written = new WeakMap<object, readonly Value[]>();

function valuesIn<Row>({ columns }: Stored<Row>, row: Row): readonly Value[] {
  const known = written.get(row as object);
  if (known !== undefined) return known;
  const values = Object.values(columns).map(({ of }) => of(row));
  written.set(row as object, values);
  return values;
}

/** About how many bytes a row takes. */
export function bytesOf<Row>(stored: Stored<Row>, row: Row): number {
  let bytes = 0;
  for (const value of valuesIn(stored, row))
    bytes += typeof value === "string" ? Buffer.byteLength(value) : 8;
  return bytes;
}

/** Inserts rows. */
export function insertion<Row>(stored: Stored<Row>, rows: readonly Row[]): Query {
  const { table, columns } = stored;
  const all = Object.entries(columns);
  const names = all.map(([name]) => name).join(", ");
  const text = `INSERT INTO ${table} (${names}) SELECT * FROM ${unnested(all)}`;
  const lines = rows.map((row) => valuesIn(stored, row));
  const values = all.map((_, place) => lines.map((line) => line[place]));
  return { name: `insert ${table}`, text, values };
}

/** A row as it was and as it is now. */
export interface Change<Row> {
  readonly base: Row;
  readonly now: Row;
}

/** Writes what changed of rows; undefined when nothing did. */
export function change<Row>(
  stored: Stored<Row>,
  changes: readonly Change<Row>[],
): Query | undefined {
  const { table, columns } = stored;
  const all = Object.entries(columns);
  const places = all.flatMap(([, { fixed }], place) => (fixed === "once" ? [] : [place]));
  const lines = changes
    .map(({ base, now }) => ({ base: valuesIn(stored, base), now: valuesIn(stored, now) }))
    .filter(({ base, now }) => places.some((place) => base[place] !== now[place]));
  if (lines.length === 0) return undefined;
  const used = places.map((place) => all[place] as (typeof all)[number]);
  const [[key] = [""], ...changing] = used;
  const sets = changing.map(([name, { fixed }]) =>
    fixed === "kept"
      ? `${name} = coalesce(new.${name}, ${table}.${name})`
      : `${name} = new.${name}`,
  );
  const text = `UPDATE ${table} SET ${sets.join(", ")}
    FROM ${unnested(used)} AS new (${used.map(([name]) => name).join(", ")})
    WHERE ${table}.${key} = new.${key}`;
  // What is set already is not sent again: it may be large.
  const isKept = (place: number): boolean => all[place]?.[1].fixed === "kept";
  const values = places.map((place) =>
    lines.map(({ base, now }) => (isKept(place) && base[place] !== null ? null : now[place])),
  );
  return { name: `update ${table}`, text, values };
}

/** Removes rows. */
export function removal<Row>(stored: Stored<Row>, rows: readonly Row[]): Query {
  const [key] = Object.entries(stored.columns);
  if (key === undefined) throw new TypeError(`The table ${stored.table} has no key.`);
  const text = `DELETE FROM ${stored.table} WHERE ${key[0]} = ANY($1::${key[1].type}[])`;
  const values = [rows.map((row) => valuesIn(stored, row)[0])];
  return { name: `delete ${stored.table}`, text, values };
}
