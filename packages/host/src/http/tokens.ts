import { createHash, timingSafeEqual } from "node:crypto";
import type { Principal } from "@agent-bridge/core";
import { configError, type Finding, formatPath } from "../config/finding.ts";
import type { LoadedConfig } from "../config/read-config.ts";
import { findingAt } from "../config/read-config.ts";
import { resolveSecrets } from "../config/secrets.ts";
import type { HttpConfig } from "./http-config.ts";

/** A shorter token could be guessed. */
const minTokenLength = 20;

interface KnownToken {
  readonly digest: Buffer;
  readonly principal: Principal;
}

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Reads the tokens of a configuration. Of each only the hash is kept, and what is sent is compared with all of
 * them, each in constant time.
 *
 * @param secrets tokens that were read are added to it, to be kept out of logs and events
 * @throws BridgeError CONFIG_INVALID with every token that can not be read, is too short, or is there twice
 */
export function readTokens(
  loaded: LoadedConfig,
  { tokens }: HttpConfig,
  of: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly secrets: Set<string>;
  },
): (token: string) => Principal | undefined {
  const findings: Finding[] = [];
  const known: KnownToken[] = [];
  for (const [index, token] of tokens.entries()) {
    const at = ["http", "tokens", index];
    const find = (message: string): void => void findings.push(findingAt(loaded, at, message));
    const principal: Principal = { type: "client", id: token.name };
    if (known.some((other) => nameOf(other) === token.name))
      find(`has the name "${token.name}" of another one.`);
    if ("sha256" in token) known.push({ digest: Buffer.from(token.sha256, "hex"), principal });
    else {
      const { value, problems, secrets } = resolveSecrets(token, of.env);
      for (const secret of secrets) of.secrets.add(secret);
      for (const problem of problems) find(`${formatPath([...problem.path])} ${problem.message}`);
      const text = typeof value["secret"] === "string" ? value["secret"] : "";
      if (problems.length === 0 && text.length < minTokenLength)
        find(`is shorter than ${minTokenLength} characters: \`openssl rand -hex 32\` makes one.`);
      known.push({ digest: digestOf(text), principal });
    }
  }
  if (findings.length > 0) throw configError(loaded.file, findings);
  return (given) => principalOf(known, digestOf(given));
}

const nameOf = ({ principal }: KnownToken): string =>
  principal.type === "client" ? principal.id : "";

function principalOf(known: readonly KnownToken[], digest: Buffer): Principal | undefined {
  let found: Principal | undefined;
  for (const token of known) if (timingSafeEqual(token.digest, digest)) found = token.principal;
  return found;
}
