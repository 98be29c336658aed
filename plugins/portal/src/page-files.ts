import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { pagePath } from "./paths.ts";

/** Where the build puts the page, beside the sources as beside the built package. */
export const builtPage = new URL("../dist/page", import.meta.url).pathname;

/** What a browser may do with the page: load what comes from here, and talk to here. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** What every answer says. */
const everywhere = {
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** The types of the files that are served; others are not. */
const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

const notBuilt =
  "The page is not built. `pnpm --filter @agent-bridge/plugin-portal build:page` builds it.";

interface PageFile {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Serves the built page at `/portal/`. Its files are read once, and a request is looked up among them: no path of a
 * request ever becomes a path of a file.
 *
 * @param folder what the build has made; while it is missing every request is answered with 503
 */
export function pageFiles(
  folder: string = builtPage,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let files: Promise<ReadonlyMap<string, PageFile>> | undefined;
  return async (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD")
      return refuse(response, 405, {
        text: "Only GET and HEAD are answered here.",
        allow: "GET, HEAD",
      });
    const [path = ""] = (request.url ?? "").split("?");
    if (path === pagePath)
      return refuse(response, 308, {
        text: "The page is below this path.",
        location: `${pagePath}/`,
      });
    files ??= readFiles(folder);
    let known: ReadonlyMap<string, PageFile>;
    try {
      known = await files;
    } catch {
      // Not built yet: the next request looks again.
      files = undefined;
      return refuse(response, 503, { text: notBuilt });
    }
    const file = known.get(path);
    if (file === undefined) return refuse(response, 404, { text: "There is nothing here." });
    if (request.headers["if-none-match"] === file.headers["etag"]) {
      response.writeHead(304, { ...everywhere, ...file.headers }).end();
      return;
    }
    response.writeHead(200, {
      ...everywhere,
      ...file.headers,
      "content-length": file.body.length,
    });
    response.end(request.method === "HEAD" ? undefined : file.body);
  };
}

function refuse(
  response: ServerResponse,
  status: number,
  { text, ...headers }: { readonly text: string } & Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    ...everywhere,
    ...headers,
    "cache-control": "no-store",
    "content-type": "text/plain; charset=utf-8",
  });
  response.end(`${text}\n`);
}

/** The page's files by the path that they are asked for. @throws Error when there is no built page */
async function readFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  files.set(`${pagePath}/`, await readPageFile(join(folder, "index.html"), false));
  for (const name of await readdir(join(folder, "assets")))
    if (types[extname(name)] !== undefined)
      files.set(
        `${pagePath}/assets/${name}`,
        await readPageFile(join(folder, "assets", name), true),
      );
  return files;
}

/** @param isHashed its name holds its content's hash: it never changes */
async function readPageFile(file: string, isHashed: boolean): Promise<PageFile> {
  const body = await readFile(file);
  return {
    body,
    headers: {
      "cache-control": isHashed ? "public, max-age=31536000, immutable" : "no-cache",
      "content-type": types[extname(file)] ?? "application/octet-stream",
      etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    },
  };
}
