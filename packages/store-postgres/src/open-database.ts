import { BridgeError, newId, type Random } from "@agent-bridge/core";
import { escapeIdentifier } from "pg";
import type { Connections } from "./connections.ts";
import { migrations } from "./migrations.ts";
import { toStoreError } from "./postgres-errors.ts";
import type { Raw } from "./view/columns.ts";

/** Older ones are not tried, and not maintained. */
const oldestServer = 130_000;

type Ask = (text: string, ...values: readonly unknown[]) => Promise<readonly Raw[]>;

interface Found {
  readonly database: string;
  /** What stands in `meta`; null when there is none. */
  readonly meta: ReadonlyMap<string, string> | null;
}

/** Looks at the server and at what is in the schema. @throws BridgeError STORE_FAILED when the server can not be used */
async function inspect(ask: Ask): Promise<Found> {
  const [row] = await ask(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
       current_database() AS database, to_regclass('meta') IS NOT NULL AS ours`,
  );
  const server = row as { version: number; encoding: string; database: string; ours: boolean };
  if (server.version < oldestServer) {
    const detail = `the server is PostgreSQL ${Math.floor(server.version / 10_000)}; 13 or newer is needed`;
    throw new BridgeError("STORE_FAILED", { detail });
  }
  if (server.encoding !== "UTF8") {
    const detail = `the database "${server.database}" has the encoding ${server.encoding}; it has to be UTF8`;
    throw new BridgeError("STORE_FAILED", { detail });
  }
  const rows = server.ours ? await ask("SELECT name, value FROM meta") : [];
  const meta = new Map(rows.map(({ name, value }) => [String(name), String(value)]));
  return { database: server.database, meta: server.ours ? meta : null };
}

/** How many steps of the schema were taken. @throws BridgeError STORE_CORRUPT, STORE_SCHEMA_NEWER */
function stepsTaken(meta: ReadonlyMap<string, string>, path: string): number {
  const steps = Number(meta.get("schema") ?? Number.NaN);
  if (!Number.isSafeInteger(steps) || !meta.has("store_id"))
    throw new BridgeError("STORE_CORRUPT", { path, detail: "it does not say which schema it has" });
  if (steps > migrations.length)
    throw new BridgeError("STORE_SCHEMA_NEWER", { path, found: steps, known: migrations.length });
  return steps;
}

/** Makes a schema that is not there, or is empty. @throws BridgeError STORE_CORRUPT when it is another program's */
async function make(ask: Ask, of: { schema: string; path: string; random: Random }): Promise<void> {
  const { schema, path, random } = of;
  const [found] = await ask(
    "SELECT count(*)::int AS count FROM pg_class WHERE relnamespace = to_regnamespace($1)",
    schema,
  );
  if (found?.["count"] !== 0)
    throw new BridgeError("STORE_CORRUPT", { path, detail: "it holds tables of another program" });
  await ask(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)}`);
  await ask("CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL)");
  const id = newId("postgres", random).replace("_", "");
  await ask("INSERT INTO meta VALUES ('schema', '0'), ('store_id', $1)", id);
}

/** Takes the steps that are missing, in one transaction; of several that open the schema at once the others wait. */
async function migrate(
  ask: Ask,
  of: { schema: string; path: string; random: Random },
): Promise<void> {
  await ask("BEGIN");
  await ask("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", `agent-bridge ${of.schema}`);
  let { meta } = await inspect(ask);
  if (meta === null) {
    await make(ask, of);
    ({ meta } = await inspect(ask));
  }
  for (const step of migrations.slice(stepsTaken(meta ?? new Map(), of.path))) await ask(step);
  await ask("UPDATE meta SET value = $1 WHERE name = 'schema'", String(migrations.length));
  await ask("COMMIT");
}

/**
 * Brings the schema to this version.
 *
 * @returns the id of the store, made when the schema was
 * @throws BridgeError STORE_CORRUPT when the schema is another program's, STORE_SCHEMA_NEWER, STORE_FAILED
 */
export async function openDatabase(
  connections: Connections,
  of: { readonly schema: string; readonly random: Random },
): Promise<string> {
  try {
    return await connections.use(async (session) => {
      const ask: Ask = async (text, ...values) => await session.ask({ text, values });
      let { database, meta } = await inspect(ask);
      const path = `The schema "${of.schema}" of the database "${database}"`;
      if (meta === null || stepsTaken(meta, path) < migrations.length) {
        await migrate(ask, { ...of, path });
        ({ meta } = await inspect(ask));
      }
      await ask("DELETE FROM flush WHERE time < time_ms() - 7 * 24 * 3600000");
      return String(meta?.get("store_id"));
    });
  } catch (error) {
    throw toStoreError(error);
  }
}
