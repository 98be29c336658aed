import * as z from "zod";

/** Names that routes give to others than clients: a token under one of them would be taken for those. */
const reservedNames: ReadonlySet<string> = new Set(["operator", "run", "local"]);

const tokenName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "is not a name of letters, digits, - _ and .")
  .refine((name) => !reservedNames.has(name), "is a name that the bridge keeps for itself");

const secretReference = z.union([
  z.strictObject({ $env: z.string().min(1) }),
  z.strictObject({ $file: z.string().min(1) }),
]);

/** A token: whoever sends it is the client of this name, as routes name senders. */
const tokenSchema = z.union([
  /** The SHA-256 of the token, in hexadecimal: the token itself is then nowhere on this machine. */
  z.strictObject({ name: tokenName, sha256: z.string().regex(/^[0-9a-f]{64}$/i, "is no SHA-256") }),
  z.strictObject({ name: tokenName, secret: secretReference }),
]);

const hostName = z
  .string()
  .regex(/^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])$/, "is no host");

/** HTTP, for clients that are not started by this user on this machine. Off unless it is there. */
export const httpSchema = z.strictObject({
  /** Where it listens: this machine only. */
  host: z.enum(["127.0.0.1", "::1"]).default("127.0.0.1"),
  /** 0: any that is free. */
  port: z.int().min(0).max(65_535).default(7717),
  /** Who may come with a token. With none, only the page does, with a session that the operator opened. */
  tokens: z.array(tokenSchema).default([]),
  /** More names under which it may be called, beside those of this machine: those of a proxy before it. */
  hosts: z.array(hostName).default([]),
  /** More sites whose pages may call, by host name, beside those of this machine. */
  origins: z.array(hostName).default([]),
});

export type HttpConfig = Readonly<z.output<typeof httpSchema>>;
