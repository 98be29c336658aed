import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pageFiles } from "@agent-bridge/plugin-portal";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
const server = createServer();
let files: ReturnType<typeof pageFiles>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agent-bridge-page-"));
  files = pageFiles(folder);
  server.removeAllListeners("request");
  server.on("request", (asked, response) => void files(asked, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
  await rm(folder, { recursive: true, force: true });
});

async function write(): Promise<void> {
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), "<!doctype html>");
  await writeFile(join(folder, "assets", "index-abc.js"), "1;");
  await writeFile(join(folder, "assets", "notes.md"), "not served");
  await writeFile(join(folder, "secret.txt"), "not served");
}

/** Asks with exactly this path: nothing makes it tidy on the way. */
async function get(
  path: string,
  of: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<IncomingMessage & { readonly body: string }> {
  const { port } = server.address() as AddressInfo;
  const asked = request({ port, host: "127.0.0.1", path, agent: false, ...of }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return Object.assign(response, { body: await text(response) });
}

test("the page and its files have their types, and say what a browser may do with them", async () => {
  await write();
  const page = await get("/portal/");
  expect([page.statusCode, page.body]).toEqual([200, "<!doctype html>"]);
  expect(page.headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-cache",
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  const script = await get("/portal/assets/index-abc.js?x=1");
  expect(script.headers).toMatchObject({
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": "public, max-age=31536000, immutable",
  });
});

test("what a browser has already is not sent again, and a HEAD has no body", async () => {
  await write();
  const { headers } = await get("/portal/");
  const again = await get("/portal/", { headers: { "if-none-match": headers.etag ?? "" } });
  expect([again.statusCode, again.body]).toEqual([304, ""]);
  const head = await get("/portal/", { method: "HEAD" });
  expect([head.statusCode, head.body, head.headers["content-length"]]).toEqual([200, "", "15"]);
});

test.for([
  "/portal/secret.txt",
  "/portal/assets/../secret.txt",
  "/portal/assets/%2e%2e/secret.txt",
  "/portal/assets/..%2fsecret.txt",
  "/portal/../../../../etc/passwd",
  "/portal/assets/notes.md",
  "/portal/assets/",
  "/portal/index.html/",
  "//portal/",
  "/portal/assets/__proto__",
])("nothing else is served: %s", async (path) => {
  await write();
  const { statusCode, headers } = await get(path);
  expect(statusCode).toBe(404);
  expect(headers["content-security-policy"]).toContain("default-src 'none'");
});

test("the path without its end leads to the page, and only reading is answered", async () => {
  await write();
  expect((await get("/portal")).headers.location).toBe("/portal/");
  expect((await get("/portal/", { method: "POST" })).statusCode).toBe(405);
});

test("a page that is not built says what builds it, and is there as soon as it is", async () => {
  const missing = await get("/portal/");
  expect([missing.statusCode, missing.body]).toEqual([503, expect.stringContaining("build:page")]);
  await write();
  expect((await get("/portal/")).statusCode).toBe(200);
});
