import { type ClientBase, type ClientConfig, Pool } from "pg";
import type { Query, Raw } from "./view/columns.ts";
import type { Ask } from "./view/needs.ts";

/** How to reach the database. */
export interface ConnectionOptions {
  /** `postgres://user@host:port/database`; what it does not say comes from the `PG…` environment, as with `psql`. */
  readonly url: string;
  readonly schema: string;
}

/** How long a connection may take to be made, and a statement to be answered. */
const connectMs = 5_000;
const statementMs = 30_000;
/** Until when the server ends a transaction whose owner says nothing: it holds up all other writers. */
const silentMs = 10_000;

/** The settings of a session; nothing of it depends on how the server or the role is configured. */
function settings(schema: string): string {
  const values: Readonly<Record<string, string | number>> = {
    search_path: schema,
    // An acknowledged change survives a crash of the server.
    synchronous_commit: "on",
    default_transaction_isolation: "read\\ committed",
    idle_in_transaction_session_timeout: silentMs,
    statement_timeout: statementMs,
    // Every statement is short; compiling one takes longer than it ever runs.
    jit: "off",
  };
  return Object.entries(values)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(" ");
}

/** What every connection is made with. */
export function clientConfig({ url, schema }: ConnectionOptions): ClientConfig {
  return {
    connectionString: url,
    options: settings(schema),
    application_name: "agent-bridge",
    keepAlive: true,
    connectionTimeoutMillis: connectMs,
    query_timeout: statementMs + 5_000,
    // Statements of one step are sent together, and answered in one trip.
    pipeline: true,
  };
}

/** One connection of the pool, while it is used. */
export interface Session {
  readonly ask: Ask;
}

/** For what is told in another way as well. */
const ignore = (): void => undefined;

/** Connections that are made when they are needed. One that failed is not used again. */
export class Connections {
  readonly #pool: Pool;

  constructor(options: ConnectionOptions, most: number) {
    this.#pool = new Pool({ ...clientConfig(options), max: most });
    // An idle connection that ends is replaced; who uses one is told by what it awaits.
    this.#pool.on("error", ignore);
  }

  /** Runs with a connection of its own. One that was left by an error is closed, with what it had begun. */
  async use<T>(run: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let failure: unknown = new Error("It was not finished.");
    client.on("error", ignore);
    try {
      const result = await run({ ask: async (query) => await send(client, query) });
      failure = undefined;
      return result;
    } finally {
      client.off("error", ignore);
      client.release(failure !== undefined);
    }
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }
}

async function send(client: ClientBase, { name, text, values }: Query): Promise<readonly Raw[]> {
  // Without values it may be several statements.
  const { rows } = await client.query<Raw>({
    text,
    ...(values.length === 0 ? {} : { values: [...values] }),
    ...(name === undefined ? {} : { name }),
  });
  return rows;
}

/** Asks for several things in one trip. All are awaited, also when one failed: the first failure is told. */
export async function askAll(
  ask: Ask,
  queries: readonly Query[],
): Promise<readonly (readonly Raw[])[]> {
  const results = await Promise.allSettled(queries.map(async (query) => await ask(query)));
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
