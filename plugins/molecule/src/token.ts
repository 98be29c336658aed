import { readFile } from "node:fs/promises";

/** A workspace's token: its value, or a file that is read at each use, so that a new one needs no restart. */
export type TokenSource = { readonly value: string } | { readonly file: string };

/** Visible ASCII: a line feed or a space would end the token in its header. */
const tokenPattern = /^[\x21-\x7e]+$/;

/**
 * Reads the token.
 *
 * @throws Error that names the source and never quotes what was read
 */
export async function readToken(source: TokenSource): Promise<string> {
  const token = (await rawToken(source)).trim();
  if (tokenPattern.test(token)) return token;
  throw new Error(`${nameOf(source)} ${token === "" ? "is empty" : "is not a bearer token"}`);
}

async function rawToken(source: TokenSource): Promise<string> {
  if ("value" in source) return source.value;
  try {
    return await readFile(source.file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${nameOf(source)} can not be read (${code ?? "unknown error"})`, {
      cause: error,
    });
  }
}

function nameOf(source: TokenSource): string {
  return "value" in source ? "the token" : `the token file ${source.file}`;
}
