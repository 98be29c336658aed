import type { Hint } from "@agent-bridge/core";
import { Client, escapeIdentifier } from "pg";
import * as z from "zod";
import { clientConfig, type ConnectionOptions, type Connections } from "./connections.ts";

const hintSchema = z.union([
  z.strictObject({ topic: z.enum(["work", "outbox"]) }),
  z.strictObject({ topic: z.enum(["events", "news"]), taskId: z.string() }),
  z.strictObject({ topic: z.literal("acks"), channel: z.string() }),
]);

/** One notification. Anybody with access to the database can send one. */
const noteSchema = z.strictObject({ from: z.string(), hints: z.array(hintSchema) });

/** Hints wait so long for others: one notification for each node and while. A notification in each commit costs a third of them. */
const gatherMs = 5;
/** The most bytes of one notification; the server takes 7,999. */
const noteBytes = 7_000;
/** The most hints that wait; more are dropped. */
const maxWaiting = 10_000;
/** Pauses before the connection is made again: 100, 200 … ms, at most five seconds. */
const pauseMs = (failures: number): number => Math.min(5_000, 50 * 2 ** failures);

/** What is looked at when hints may have been lost: of which tasks and channels they were, nobody knows. */
const lookAgain: readonly Hint[] = [{ topic: "work" }, { topic: "outbox" }];

function notesOf(from: string, hints: readonly string[]): string[] {
  const notes: string[] = [];
  let part: string[] = [];
  let bytes = 0;
  const close = (): void => {
    if (part.length > 0) notes.push(`{"from":${JSON.stringify(from)},"hints":[${part.join(",")}]}`);
    part = [];
    bytes = 0;
  };
  for (const hint of hints) {
    const size = Buffer.byteLength(hint) + 1;
    if (size > noteBytes) continue;
    if (bytes + size > noteBytes) close();
    part.push(hint);
    bytes += size;
  }
  close();
  return notes;
}

/** The hints of a notification of another node; nothing of one that is not understood. */
function hintsIn(payload: string, self: string): readonly Hint[] {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return [];
  }
  const parsed = noteSchema.safeParse(value);
  return parsed.success && parsed.data.from !== self ? parsed.data.hints : [];
}

/**
 * Tells the other nodes what changed, and hears of theirs, by LISTEN and NOTIFY on one connection. What is
 * lost while it is broken is lost: hints are never the truth, and whoever waits for one looks by itself as well.
 */
export class HintLine {
  readonly #options: ConnectionOptions;
  readonly #channel: string;
  readonly #self: string;
  readonly #tell: (hints: readonly Hint[]) => void;
  readonly #notify: (notes: readonly string[]) => Promise<void>;
  readonly #waiting = new Set<string>();
  #client: Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #retry: NodeJS.Timeout | null = null;
  #connecting: Promise<void> = Promise.resolve();
  #failures = 0;
  #isListening = false;
  #isClosed = false;

  constructor(
    options: ConnectionOptions,
    of: {
      readonly channel: string;
      readonly self: string;
      readonly tell: (hints: readonly Hint[]) => void;
      readonly connections: Connections;
    },
  ) {
    this.#options = options;
    this.#channel = of.channel;
    this.#self = of.self;
    this.#tell = of.tell;
    this.#notify = async (notes) => {
      const text = "SELECT pg_notify($1, note) FROM unnest($2::text[]) AS note";
      const values = [of.channel, notes];
      await of.connections.use(async ({ ask }) => await ask({ name: "notify", text, values }));
    };
  }

  /** Begins to listen to other nodes, unless it does. */
  listen(): void {
    if (this.#isClosed || this.#isListening) return;
    this.#isListening = true;
    this.#connecting = this.#connect();
  }

  /** Tells the other nodes, soon. */
  send(hints: readonly Hint[]): void {
    if (this.#isClosed) return;
    for (const hint of hints)
      if (this.#waiting.size < maxWaiting) this.#waiting.add(JSON.stringify(hint));
    if (this.#waiting.size > 0)
      this.#timer ??= setTimeout(() => void this.#sendWaiting(), gatherMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#retry !== null) clearTimeout(this.#retry);
    await Promise.all([this.#connecting, this.#sendWaiting()]);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => undefined);
  }

  async #sendWaiting(): Promise<void> {
    this.#timer = null;
    if (this.#waiting.size === 0) return;
    const notes = notesOf(this.#self, [...this.#waiting]);
    this.#waiting.clear();
    // The change is stored; who does not hear of it looks by itself.
    await this.#notify(notes).catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new Client(clientConfig(this.#options));
    client.on("error", () => this.#drop(client));
    client.on("end", () => this.#drop(client));
    client.on("notification", ({ payload }) => this.#tell(hintsIn(payload ?? "", this.#self)));
    try {
      await client.connect();
      this.#client = client;
      await client.query(`LISTEN ${escapeIdentifier(this.#channel)}`);
    } catch {
      return this.#drop(client);
    }
    if (this.#failures > 0) this.#tell(lookAgain);
    this.#failures = 0;
  }

  /** Gives up a connection that broke, and makes another after a while. */
  #drop(client: Client): void {
    if (this.#client === client) this.#client = null;
    client.removeAllListeners("end");
    client.end().catch(() => undefined);
    if (this.#isClosed || this.#retry !== null || this.#client !== null) return;
    this.#failures++;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#connecting = this.#connect();
    }, pauseMs(this.#failures));
  }
}
