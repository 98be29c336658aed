import { isAbsolute } from "node:path";
import * as z from "zod";

const name = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,24}$/, "must be a name of at most 24 letters, digits, _ and -");
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable's name");
const absolutePath = z
  .string()
  .refine((path) => isAbsolute(path) && !path.includes("\0"), "must be an absolute path");
/** The server that a route's `bridge` adds. */
export const bridgeServerName = "bridge";

const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http or https address" });

/** An MCP server whose tools the agent may be given. */
export const serverSchema = z.union([
  z.strictObject({
    /** A program that speaks MCP over its standard input and output. It is started for each turn, without a shell. */
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    /** Its working folder. By default an empty one. */
    cwd: absolutePath.optional(),
    /** Variables that it gets besides the basic ones. */
    env: z.record(variable, z.string()).default({}),
  }),
  z.strictObject({
    /** The address of a server that speaks MCP over Streamable HTTP. */
    url: httpUrl,
    headers: z.record(z.string(), z.string()).default({}),
  }),
]);

/** A server as it is used. */
export type ToolServer = z.output<typeof serverSchema>;

/** The options of the plugin: which model, and which servers there are. */
export const reactOptionsSchema = z.strictObject({
  /** The address of an OpenAI-compatible endpoint, up to and with its `/v1`. */
  baseUrl: httpUrl,
  /** Sent as a bearer token. A reference to a secret. */
  apiKey: z.string().min(1).optional(),
  headers: z.record(z.string(), z.string()).default({}),
  /** The model that routes use unless they name another. */
  model: z.string().min(1),
  /** Told to the model before the conversation, with the operator's authority. */
  instructions: z.string().min(1).optional(),
  /** MCP servers by name. A route says which of their tools an agent sees. */
  servers: z
    .record(name, serverSchema)
    .refine((servers) => !Object.hasOwn(servers, bridgeServerName), {
      error: `"${bridgeServerName}" is the bridge itself: choose another name`,
    })
    .default({}),
});

/** The plugin's options as they are used. */
export type ReactOptions = z.output<typeof reactOptionsSchema>;
