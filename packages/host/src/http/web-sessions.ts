import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "@agent-bridge/core";
import * as z from "zod";
import { readPrivateFile, writePrivateFile } from "../private-files.ts";

/** How long a one-time code may be used. */
const codeMs = 2 * 60_000;
/** How long a session lasts. */
const sessionMs = 7 * 24 * 60 * 60_000;
/** The most sessions at once; the oldest one ends for a new one. */
const maxSessions = 100;
/** The most codes that wait to be used. */
const maxCodes = 20;

/** The cookie of a session. */
export const cookieName = "agent_bridge_session";

const kept = z.array(
  z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), expiresAt: z.number() }),
);
type Kept = z.output<typeof kept>[number];

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * The operator's sessions in a browser. One begins with a one-time code, which the operator gets over the socket, and
 * is then known by a cookie. Only hashes are kept, in a private file, so that a page lives through a restart.
 */
export class WebSessions {
  readonly #file: string;
  readonly #clock: Pick<Clock, "now" | "steady">;
  readonly #codes = new Map<string, number>();
  #sessions: readonly Kept[];

  constructor(of: { readonly file: string; readonly clock: Pick<Clock, "now" | "steady"> }) {
    this.#file = of.file;
    this.#clock = of.clock;
    const text = readPrivateFile(of.file);
    const read = text === undefined ? undefined : kept.safeParse(parsed(text));
    // A file that can not be read costs the sessions: their owners open new ones.
    this.#sessions = read?.data ?? [];
  }

  /** Makes a code that opens one session, soon. */
  makeCode(): string {
    const code = randomBytes(24).toString("base64url");
    for (const [hash, until] of this.#codes)
      if (until <= this.#clock.steady() || this.#codes.size >= maxCodes) this.#codes.delete(hash);
    this.#codes.set(hashOf(code), this.#clock.steady() + codeMs);
    return code;
  }

  /** Takes a code, which is then used up. @returns the text of a `Set-Cookie` header; undefined for a code that is not, or no longer, valid */
  open(code: string): string | undefined {
    const hash = hashOf(code);
    const until = this.#codes.get(hash);
    this.#codes.delete(hash);
    if (until === undefined || until <= this.#clock.steady()) return undefined;
    const secret = randomBytes(32).toString("base64url");
    const now = this.#clock.now();
    const living = this.#sessions.filter(({ expiresAt }) => expiresAt > now);
    const session = { sha256: hashOf(secret), expiresAt: now + sessionMs };
    this.#keep([...living, session].slice(-maxSessions));
    return `${cookieName}=${secret}; Path=/; Max-Age=${sessionMs / 1000}; HttpOnly; SameSite=Strict`;
  }

  /** True where a `Cookie` header holds a session that lasts. All are compared, each in constant time. */
  isKnown(cookies: string | undefined): boolean {
    const secret = valueOf(cookies ?? "");
    if (secret === undefined) return false;
    const digest = Buffer.from(hashOf(secret), "hex");
    const now = this.#clock.now();
    let isKnown = false;
    for (const { sha256, expiresAt } of this.#sessions) {
      const isThis = timingSafeEqual(Buffer.from(sha256, "hex"), digest);
      if (isThis && expiresAt > now) isKnown = true;
    }
    return isKnown;
  }

  #keep(sessions: readonly Kept[]): void {
    this.#sessions = sessions;
    writePrivateFile(this.#file, `${JSON.stringify(sessions)}\n`);
  }
}

function valueOf(cookies: string): string | undefined {
  const found = cookies.split(";").find((part) => part.trim().startsWith(`${cookieName}=`));
  return found?.trim().slice(cookieName.length + 1);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
