import {
  bytesOf,
  change,
  insertion,
  type Query,
  type Raw,
  removal,
  type Stored,
} from "./columns.ts";
import type { Fact } from "./needs.ts";

type Key = string | number;

interface Entry<Row> {
  /** As it is stored; undefined when it is not. */
  readonly base: Row | undefined;
  /** As it is now; undefined when it was removed. */
  now: Row | undefined;
}

/** Undoes one step. */
export type Undo = () => void;

/**
 * The rows of one table that a transaction has seen, as they are stored and as it has changed them. What it
 * asks the database for is put together with what it changed itself.
 */
export class Mirror<Row> {
  readonly #stored: Stored<Row>;
  readonly #keyOf: (row: Row) => Key;
  readonly #entries = new Map<Key, Entry<Row>>();
  readonly #changed = new Set<Key>();
  readonly #taken = new WeakMap<Fact, readonly Key[]>();
  readonly #journal: Undo[];

  /** @param journal takes what undoes each step, oldest first */
  constructor(stored: Stored<Row>, journal: Undo[]) {
    this.#stored = stored;
    this.#journal = journal;
    const [key] = Object.values(stored.columns);
    if (key === undefined) throw new TypeError(`The table ${stored.table} has no key.`);
    this.#keyOf = (row) => key.of(row) as Key;
  }

  /** Sets a row that is new, or replaces the one of its key. */
  set(row: Row): void {
    this.#put(this.#keyOf(row), row);
  }

  remove(row: Row): void {
    this.#put(this.#keyOf(row), undefined);
  }

  /** The rows that match, of those that were found and those that were changed, by their keys; none while it is not known. */
  rows(fact: Fact | undefined, matches: (row: Row) => boolean): Row[] {
    if (fact === undefined) return [];
    const keys = new Set([...this.#take(fact), ...this.#changed]);
    return [...keys]
      .map((key) => this.#entries.get(key)?.now)
      .filter((row): row is Row => row !== undefined && matches(row))
      .toSorted((one, other) => (this.#keyOf(one) < this.#keyOf(other) ? -1 : 1));
  }

  /** The row that matches, where there is one at most. */
  row(fact: Fact | undefined, matches: (row: Row) => boolean): Row | undefined {
    if (fact === undefined) return undefined;
    for (const keys of [this.#take(fact), this.#changed]) {
      for (const key of keys) {
        const row = this.#entries.get(key)?.now;
        if (row !== undefined && matches(row)) return row;
      }
    }
    return undefined;
  }

  /** A figure that was counted over the rows as they are stored, as it is with the changes. */
  count(fact: Fact | undefined, column: string, figure: (row: Row) => number): number {
    return fact === undefined ? 0 : numberIn(fact, column) + this.difference(figure);
  }

  /** The sum of a figure over the rows that were changed, less what they had when they were stored. */
  difference(figure: (row: Row) => number): number {
    let sum = 0;
    for (const key of this.#changed) {
      const { base, now } = this.#entries.get(key) as Entry<Row>;
      sum += (now === undefined ? 0 : figure(now)) - (base === undefined ? 0 : figure(base));
    }
    return sum;
  }

  /** How many bytes more are stored than before. */
  addedBytes(): number {
    return this.difference((row) => bytesOf(this.#stored, row));
  }

  /** The row as it is now, of those that were seen; `null` when it was removed. */
  seen(key: Key): Row | null | undefined {
    const entry = this.#entries.get(key);
    if (entry?.base === undefined) return entry?.now;
    return entry.now ?? null;
  }

  /** What stores the changes. */
  queries(): Query[] {
    const entries = [...this.#changed].map((key) => this.#entries.get(key) as Entry<Row>);
    const inserted = entries.flatMap(({ base, now }) =>
      base === undefined && now !== undefined ? [now] : [],
    );
    const changed = entries.flatMap(({ base, now }) =>
      base === undefined || now === undefined ? [] : [{ base, now }],
    );
    const removed = entries.flatMap(({ base, now }) =>
      base !== undefined && now === undefined ? [base] : [],
    );
    const update = change(this.#stored, changed);
    return [
      ...(removed.length === 0 ? [] : [removal(this.#stored, removed)]),
      ...(update === undefined ? [] : [update]),
      ...(inserted.length === 0 ? [] : [insertion(this.#stored, inserted)]),
    ];
  }

  /** The keys of the rows that were found. */
  #take(fact: Fact): readonly Key[] {
    const known = this.#taken.get(fact);
    if (known !== undefined) return known;
    const keys = fact.rows.map((raw) => this.#takeRow(raw));
    this.#taken.set(fact, keys);
    return keys;
  }

  #takeRow(raw: Raw): Key {
    const row = this.#stored.parse(raw);
    const key = this.#keyOf(row);
    const entry = this.#entries.get(key);
    // Another question may have found it before, and it may have been changed since.
    const isKnown = entry?.base !== undefined || entry?.now !== undefined;
    if (!isKnown) this.#entries.set(key, { base: row, now: row });
    return key;
  }

  #put(key: Key, row: Row | undefined): void {
    const entry = this.#entries.get(key) ?? { base: undefined, now: undefined };
    const before = entry.now;
    this.#entries.set(key, entry);
    this.#note(key, entry, row);
    this.#journal.push(() => this.#note(key, entry, before));
  }

  #note(key: Key, entry: Entry<Row>, row: Row | undefined): void {
    entry.now = row;
    if (row === entry.base) this.#changed.delete(key);
    else this.#changed.add(key);
  }
}

/** The number that a counting statement gives. */
export const numberIn = (fact: Fact, column: string): number => Number(fact.rows[0]?.[column] ?? 0);
