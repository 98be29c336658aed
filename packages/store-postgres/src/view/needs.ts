import type { Query, Raw, Value } from "./columns.ts";

/** Something that a change asks the database for, under many keys at once. */
export interface Need {
  readonly name: string;
  /** Yields rows whose `n` is the place of their key, from 1. */
  readonly text: string;
}

const typeOf = (key: string): string => (key.split(" ")[1] ?? "text").replace("_", " ");

/** A need, by the columns of its keys (`name type`, text if it has none) and what is joined to them. */
export function need(
  name: string,
  of: { readonly keys: readonly string[]; readonly select: string; readonly from: string },
): Need {
  const arrays = of.keys.map((key, place) => `$${place + 1}::${typeOf(key)}[]`);
  const names = of.keys.map((key) => key.split(" ")[0]).join(", ");
  const text = `SELECT key.n, ${of.select}
    FROM unnest(${arrays.join(", ")}) WITH ORDINALITY AS key (${names}, n) ${of.from}`;
  return { name, text };
}

/** What is known under one key of a need. */
export interface Fact {
  readonly rows: readonly Raw[];
}

interface Wanted {
  readonly need: Need;
  readonly keys: (readonly Value[])[];
}

/** Asks the database; several of them go in one trip. */
export type Ask = (query: Query) => Promise<readonly Raw[]>;

/**
 * What is known of the database. What is not known yet is noted when it is asked for, and loaded with
 * everything else that was.
 */
export class Facts {
  readonly #known = new Map<string, Fact>();
  readonly #wanted = new Map<string, Wanted>();
  readonly #noted = new Set<string>();

  /** True when everything that was asked for is known. */
  get isComplete(): boolean {
    return this.#noted.size === 0;
  }

  /** How many statements will load what is wanted. */
  get wanted(): number {
    return this.#wanted.size;
  }

  /** What is known; undefined when it has to be loaded first. */
  of(asked: Need, ...key: readonly Value[]): Fact | undefined {
    const name = `${asked.name} ${JSON.stringify(key)}`;
    const fact = this.#known.get(name);
    if (fact !== undefined || this.#noted.has(name)) return fact;
    this.#noted.add(name);
    const wanted = this.#wanted.get(asked.text) ?? { need: asked, keys: [] };
    this.#wanted.set(asked.text, wanted);
    wanted.keys.push(key);
    return undefined;
  }

  /** Loads everything that is wanted, in one trip. */
  async load(ask: Ask): Promise<void> {
    const wanted = [...this.#wanted.values()];
    this.#wanted.clear();
    this.#noted.clear();
    await Promise.all(wanted.map(async (one) => await this.#loadOne(one, ask)));
  }

  async #loadOne({ need: { name, text }, keys }: Wanted, ask: Ask): Promise<void> {
    const found: Raw[][] = keys.map(() => []);
    const values = (keys[0] ?? []).map((_, place) => keys.map((key) => key[place] ?? null));
    for (const raw of await ask({ name, text, values })) found[Number(raw["n"]) - 1]?.push(raw);
    for (const [place, key] of keys.entries())
      this.#known.set(`${name} ${JSON.stringify(key)}`, { rows: found[place] ?? [] });
  }
}
