import { createHash } from "node:crypto";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import type { Logger } from "@agent-bridge/core";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { connectDaemon, parseConfig, startDaemon, type HostPaths } from "../src/index.ts";
import { seen } from "./fixtures/surface-plugin.ts";
import { temporaryPaths } from "./temporary.ts";

const plugin = fileURLToPath(new URL("fixtures/surface-plugin.ts", import.meta.url));
const token = "0123456789abcdef0123456789abcdef";
const sha256 = createHash("sha256").update(token).digest("hex");

beforeEach(() => void seen.splice(0));

async function start(
  { http = { port: 0, tokens: [{ name: "ann", sha256 }] } }: { readonly http?: object | null } = {},
  paths: HostPaths = temporaryPaths(),
) {
  const logged: { readonly message: string; readonly data: unknown }[] = [];
  const log = (message: string, data?: unknown): void => void logged.push({ message, data });
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const config = { plugins: { [plugin]: {} }, routes: [], ...(http === null ? {} : { http }) };
  const parsed = parseConfig(JSON.stringify(config), paths.configFile);
  if ("findings" in parsed) throw new Error(JSON.stringify(parsed.findings));
  const daemon = await startDaemon({ paths, config: parsed.loaded, logger });
  onTestFinished(async () => await daemon.stop());
  const served = logged.find(({ message }) => message === "HTTP is served");
  const { url = "" } = (served?.data ?? {}) as { url?: string };
  return { daemon, logged, paths, origin: new URL(url || "http://none").origin };
}

/** The address of the page, as a command gets it. */
async function pageOf(paths: HostPaths): Promise<URL> {
  await using client = await connectDaemon(paths);
  const { pages } = await client.call("pages", {});
  return new URL(pages[0]?.url ?? "");
}

/** Opens a session with the code of a page. */
async function sessionOf(page: URL): Promise<{ readonly status: number; readonly cookie: string }> {
  const code = page.hash.replace("#code=", "");
  const answer = await fetch(new URL("/whoami/session", page), {
    method: "POST",
    headers: { "x-code": code },
  });
  return { status: answer.status, cookie: answer.headers.get("set-cookie")?.split(";")[0] ?? "" };
}

async function who(origin: string, headers: Record<string, string> = {}): Promise<string> {
  return await (await fetch(new URL("/whoami", origin), { headers })).text();
}

/** What an upgrade is answered: the status, and what is said. */
async function upgraded(origin: string, headers: Record<string, string> = {}): Promise<string> {
  const asked = request(new URL("/whoami/socket", origin), {
    headers: { connection: "upgrade", upgrade: "websocket", ...headers },
  });
  return await new Promise<string>((resolve, reject) => {
    asked.on("response", (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(`${response.statusCode} ${text}`));
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("surfaces", () => {
  test("a token in the header is its client, anything else nobody, and each denial leaves a line", async () => {
    const { origin, logged } = await start();
    expect(await who(origin, { authorization: `Bearer ${token}` })).toBe("client:ann");
    expect(await who(origin)).toBe("nobody");
    expect(await who(`${origin}/?token=${token}`)).toBe("nobody");
    expect(await upgraded(origin, { authorization: `Bearer ${token}` })).toBe("200 client:ann");
    expect(logged.filter(({ message }) => message === "Denied")).toHaveLength(2);
    expect(JSON.stringify(logged)).not.toContain(token);
  });

  test("the operator's page has a code in its fragment, which opens one session", async () => {
    const { origin, paths } = await start();
    const page = await pageOf(paths);
    expect(page.pathname).toBe("/whoami");
    const { status, cookie } = await sessionOf(page);
    expect(status).toBe(204);
    expect(await who(origin, { cookie })).toBe("operator");
    expect((await sessionOf(page)).status).toBe(403);
  });

  test("a cookie opens a socket only for a page of an allowed site", async () => {
    const { origin, paths } = await start();
    const { cookie } = await sessionOf(await pageOf(paths));
    expect(await upgraded(origin, { cookie, origin })).toBe("200 operator");
    expect(await upgraded(origin, { cookie })).toBe("200 nobody");
    expect(await upgraded(origin, { cookie, origin: "https://evil.example" })).toMatch(/^403/);
    expect(await upgraded(origin, { cookie, host: "evil.example" })).toMatch(/^403/);
  });

  test("a session goes on over a restart of the daemon", async () => {
    const first = await start();
    const { cookie } = await sessionOf(await pageOf(first.paths));
    await first.daemon.stop();
    const second = await start({}, first.paths);
    expect(await who(second.origin, { cookie })).toBe("operator");
  });

  test("S25 a surface that throws is told and serves nothing; the others work", async () => {
    const { origin, logged } = await start();
    expect(logged).toContainEqual({
      message: "A surface could not be mounted",
      data: { surface: "broken", error: expect.stringContaining("can not be mounted") },
    });
    expect((await fetch(new URL("/broken", origin))).status).toBe(404);
    expect(await who(origin)).toBe("nobody");
  });

  test("a stop ends them before the bridge", async () => {
    const { daemon, origin } = await start();
    expect(seen).toEqual(["mounted"]);
    await daemon.stop();
    expect(seen).toEqual(["mounted", "ended"]);
    await expect(fetch(origin)).rejects.toThrow("fetch failed");
  });

  test("without HTTP nothing is mounted, and asking for the page says what to add", async () => {
    const { paths } = await start({ http: null });
    expect(seen).toEqual([]);
    await expect(pageOf(paths)).rejects.toThrow("Add `http: {}`");
  });
});
