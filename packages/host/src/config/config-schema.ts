import { jsonObjectSchema, routeSchema, type Limits } from "@agent-bridge/core";
import * as z from "zod";
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
  leaseMs: ms,
  questionMs: ms,
  waitMs: ms,
  crashes: count,
  turn: z.strictObject(turnLimits).exactOptional(),
  quotas: z.strictObject(quotas).exactOptional(),
} satisfies Record<keyof Limits, z.ZodType>;

const storeSchema = z.discriminatedUnion("type", [
  /** One file in the state folder. */
  z.strictObject({ type: z.literal("sqlite") }),
  /** Ends with the process; `up` takes it only with `--ephemeral`. */
  z.strictObject({ type: z.literal("memory") }),
]);

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
  log: logSchema.prefault({}),
  daemon: daemonSchema.prefault({}),
});

/** A valid configuration, with defaults. Secrets in it are still references. */
export type Config = Readonly<z.output<typeof configSchema>>;

/** What a first configuration may look like; shown where there is none. */
export const exampleConfig = `{
  "plugins": { "@agent-bridge/plugin-codex": {} },
  "routes": [{ "kind": "prompt", "from": ["operator"], "runner": "codex" }]
}
`;
