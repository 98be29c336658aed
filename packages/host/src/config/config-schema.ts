import { jsonObjectSchema, routeSchema, type Limits } from "@agent-bridge/core";
import * as z from "zod";
import { httpSchema } from "../http/http-config.ts";
import { logLevels } from "../log/log-level.ts";

const count = z.int().min(1).exactOptional();
const ms = z.int().min(1).exactOptional();
const bytes = z.int().min(1).exactOptional();

const turnLimits = {
  startMs: ms,
  idleMs: ms,
  totalMs: ms,
  graceMs: ms,
} satisfies Record<keyof Limits["turn"], z.ZodType>;

const quotas = {
  principalTasks: count,
  principalBytes: bytes,
  conversationTasks: count,
  conversationBytes: bytes,
  messages: count,
  windowMs: ms,
} satisfies Record<keyof Limits["quotas"], z.ZodType>;

const limits = {
  concurrency: count,
  replyMs: ms,
  hops: count,
  hopQuietMs: ms,
  messageBytes: bytes,
  messageDepth: count,
  answerBytes: bytes,
  logBytes: bytes,
  leaseMs: ms,
  questionMs: ms,
  waitMs: ms,
  crashes: count,
  runTasks: count,
  runDepth: count,
  turn: z.strictObject(turnLimits).exactOptional(),
  quotas: z.strictObject(quotas).exactOptional(),
} satisfies Record<keyof Limits, z.ZodType>;

const storeSchema = z.discriminatedUnion("type", [
  /** One file in the state folder. */
  z.strictObject({ type: z.literal("sqlite") }),
  /** Ends with the process; `up` takes it only with `--ephemeral`. */
  z.strictObject({ type: z.literal("memory") }),
]);

/** Days that something is kept; null: for ever. */
const daysOrEver = z.int().min(1).max(36_500).nullable();

/** How long what is over is kept. What is open, or not settled, is never removed. */
const retentionSchema = z.strictObject({
  /** Ended tasks with their logs and answers, from their end. */
  days: daysOrEver.default(30),
  /** What the store may use; beyond it the tasks that ended first go earlier. Null: as much as the disk has. */
  maxBytes: z
    .int()
    .min(16 * 1024 * 1024)
    .nullable()
    .default(10 * 1024 * 1024 * 1024),
  /** How long a message or idempotency key is known after its task was removed, so that a repeat runs nothing. */
  keyDays: z.int().min(1).max(36_500).default(35),
  deadLetterDays: daysOrEver.default(90),
  /** The most dead letters, and the most bytes of them: the oldest go. */
  deadLetters: z.int().min(1).default(10_000),
  deadLetterBytes: z
    .int()
    .min(1024 * 1024)
    .default(256 * 1024 * 1024),
  /** Conversations without tasks, with the agents' sessions, from when somebody last wrote there. */
  conversationDays: daysOrEver.default(365),
});

/** What the daemon logs, in `daemon.log` of the state folder. */
const logSchema = z.strictObject({
  /** Lines below it are left out. */
  level: z.enum(logLevels).default("info"),
  /** A file that would grow larger is put aside. */
  maxBytes: z
    .int()
    .min(64 * 1024)
    .default(10 * 1024 * 1024),
  /** How many there are at most, the one in use among them. */
  files: z.int().min(1).max(100).default(5),
});

/** The process of the daemon. */
const daemonSchema = z.strictObject({
  /** A daemon that was started on demand ends when nothing went on for so long. One that `up` started stays. */
  idleMinutes: z
    .int()
    .min(1)
    .max(7 * 24 * 60)
    .default(15),
  /** Its environment, where no person's shell gives it one: started on demand, or by a unit. No secrets: see `$file`. */
  env: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not the name of a variable"),
      z.string().refine((text) => !text.includes("\0"), "holds a NUL character"),
    )
    .default({}),
});

/** The configuration file. Unknown keys are errors everywhere. */
export const configSchema = z.strictObject({
  /** For editors; not read. */
  $schema: z.string().exactOptional(),
  /** From a package's name, or a path that begins with `/` or `./`, to the plugin's options. */
  plugins: z.record(z.string().min(1), jsonObjectSchema).default({}),
  /** Who may send what to which runner. Required; an empty list is nobody. */
  routes: z.array(routeSchema),
  limits: z.strictObject(limits).default({}),
  store: storeSchema.default({ type: "sqlite" }),
  retention: retentionSchema.prefault({}),
  log: logSchema.prefault({}),
  daemon: daemonSchema.prefault({}),
  http: httpSchema.exactOptional(),
});

/** A valid configuration, with defaults. Secrets in it are still references. */
export type Config = Readonly<z.output<typeof configSchema>>;

/** What a first configuration may look like; shown where there is none. */
export const exampleConfig = `{
  "plugins": { "@agent-bridge/plugin-codex": {} },
  "routes": [{ "kind": "prompt", "from": ["operator"], "runner": "codex" }]
}
`;
