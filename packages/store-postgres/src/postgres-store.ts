import {
  BridgeError,
  type Clock,
  createWatchers,
  type Hint,
  newId,
  type Random,
  type Store,
  systemRandom,
  type TableContext,
  tableStore,
} from "@agent-bridge/core";
import { type ConnectionOptions, Connections } from "./connections.ts";
import { GroupCommit } from "./group-commit.ts";
import { HintLine } from "./hint-line.ts";
import { Looks } from "./looks.ts";
import { openDatabase } from "./open-database.ts";
import { storeTime } from "./store-time.ts";
import { postgresTables } from "./tables/postgres-tables.ts";
import type { Viewed } from "./tables/viewed.ts";
import { View } from "./view/view.ts";

/** Where the database is, and what the store is given. */
export interface PostgresStoreOptions {
  /** `postgres://user@host:port/database`. What it does not say comes from the `PG…` environment, as with `psql`. */
  readonly url: string;
  /** The schema that holds everything; made when it does not exist. Default: `agent_bridge`. */
  readonly schema?: string;
  /** The most connections for changes and looks; one more listens. Default: 5. */
  readonly connections?: number;
  /** For tests. Default: the time of the database, the same for every node. */
  readonly clock?: Clock;
  readonly random?: Random;
}

const schemaPattern = /^[a-z_][a-z0-9_]{0,62}$/;

function connectionOf({ url, schema = "agent_bridge" }: PostgresStoreOptions): ConnectionOptions {
  if (schemaPattern.test(schema)) return { url, schema };
  throw new BridgeError("INPUT_INVALID", {
    what: "The name of the schema",
    detail: "lower-case letters, digits and underscores, not a digit first, at most 63.",
  });
}

/** Opens the database; nothing is left open when it can not be used. */
async function open(...args: Parameters<typeof openDatabase>): Promise<string> {
  try {
    return await openDatabase(...args);
  } catch (error) {
    await args[0].end();
    throw error;
  }
}

/**
 * A store for many machines: PostgreSQL 13 or newer. Any number of processes may use one schema at once; what a
 * promise of the store says is durable on the server when it resolves.
 *
 * @throws BridgeError STORE_CORRUPT when the schema is another program's, STORE_SCHEMA_NEWER, STORE_FAILED
 */
export async function postgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { clock, random = systemRandom, connections: most = 5 } = options;
  const connection = connectionOf(options);
  const connections = new Connections(connection, most);
  const storeId = await open(connections, { schema: connection.schema, random });
  const watchers = createWatchers();
  const { tell } = watchers;
  const self = newId("instance", random);
  const line = new HintLine(connection, { channel: storeId, self, tell, connections });
  const viewed: Viewed = { view: new View() };
  const parts = { connections, viewed, time: storeTime(), clock };
  const commits = new GroupCommit({
    ...parts,
    instance: self,
    tell: (hints: readonly Hint[]) => {
      tell(hints);
      line.send(hints);
    },
  });
  const looks = new Looks(parts);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    looks.close();
    await commits.close();
    await line.close();
    await connections.end();
  };
  const context: TableContext = {
    storeId,
    tables: postgresTables(viewed),
    clock: parts.time.clock,
    random,
    write: async (change) => await commits.add(change),
    read: async (look) => await looks.run(look),
  };
  return tableStore({
    context,
    durable: true,
    watch: (listener) => {
      line.listen();
      return watchers.watch(listener);
    },
    close: async () => await (closing ??= close()),
  });
}
