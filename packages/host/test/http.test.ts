import { createHash } from "node:crypto";
import { chmodSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isBridgeError, type Logger } from "@agent-bridge/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseConfig, startDaemon, type Daemon } from "../src/index.ts";
import { temporaryFolder, temporaryPaths } from "./temporary.ts";

const notePlugin = fileURLToPath(new URL("fixtures/note-plugin.ts", import.meta.url));
const token = "0123456789abcdef0123456789abcdef";
const sha256 = createHash("sha256").update(token).digest("hex");

interface Line {
  readonly level: string;
  readonly message: string;
  readonly data: unknown;
}

function recordingLogger(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: keyof Logger): Logger["info"] =>
    (message, data) =>
      void lines.push({ level, message, data });
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

interface Started {
  readonly daemon: Daemon;
  readonly url: string;
  readonly logger: ReturnType<typeof recordingLogger>;
}

async function start(http: object, env: Record<string, string> = {}): Promise<Started> {
  const paths = temporaryPaths();
  const config = {
    plugins: { [notePlugin]: {} },
    routes: [{ kind: "prompt", from: ["cursor"], runner: "echo" }],
    http: { port: 0, ...http },
  };
  const parsed = parseConfig(JSON.stringify(config), paths.configFile);
  if ("findings" in parsed) throw new Error(JSON.stringify(parsed.findings));
  const logger = recordingLogger();
  const daemon = await startDaemon({ paths, config: parsed.loaded, logger, env });
  onTestFinished(async () => await daemon.stop());
  const served = logger.lines.find(({ message }) => message === "HTTP is served");
  const { url = "" } = (served?.data ?? {}) as { url?: string };
  return { daemon, logger, url };
}

const refusal = async (http: object, env?: Record<string, string>): Promise<string> => {
  try {
    await start(http, env);
    return "started";
  } catch (error) {
    return isBridgeError(error) ? `${error.code}: ${error.message}` : String(error);
  }
};

async function call(
  { url, bearer = token }: { url: string; bearer?: string },
  name: string,
  input: object,
): Promise<Response> {
  return await fetch(url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${bearer}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-06-18",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name, arguments: input },
    }),
  });
}

/** What becomes of a request to go over to another protocol. */
async function upgraded(url: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const headers = { connection: "Upgrade", upgrade: "websocket" };
  const sent = request(url, { headers });
  sent.on("upgrade", () => resolve("upgraded"));
  sent.on("response", () => resolve("answered"));
  sent.on("error", () => resolve("closed"));
  sent.end();
  return await promise;
}

describe("HTTP", () => {
  test("is off unless it is configured", async () => {
    const paths = temporaryPaths();
    const parsed = parseConfig('{ "routes": [] }', paths.configFile);
    const logger = recordingLogger();
    if (!("loaded" in parsed)) throw new Error("The configuration is not valid.");
    const daemon = await startDaemon({ paths, config: parsed.loaded, logger });
    onTestFinished(async () => await daemon.stop());
    expect(logger.lines.map(({ message }) => message)).not.toContain("HTTP is served");
  });

  test.each([
    ["the hash of a token", { name: "cursor", sha256 }, {}],
    [
      "a token from the environment",
      { name: "cursor", secret: { $env: "TOKEN" } },
      { TOKEN: token },
    ],
  ])("lets %s in as the client of its name, who owns what it starts", async (_, known, env) => {
    const { daemon, url, logger } = await start({ tokens: [known] }, env);
    const answer = await call({ url }, "task_start", { prompt: "hello", wait_seconds: 20 });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("client:cursor");
    expect((await daemon.handle.tasks({})).items).toMatchObject([
      { owner: "client:cursor", output: { output: "hello" } },
    ]);
    const denied = await call({ url, bearer: `${token}x` }, "task_list", {});
    expect(denied.status).toBe(401);
    const lines = logger.lines.filter(({ message }) => message === "Denied");
    expect(lines).toMatchObject([{ data: { reason: "token", what: "HTTP POST /mcp" } }]);
    expect(JSON.stringify(logger.lines)).not.toContain(token);
  });

  test("a token from a file that others may read is refused", async () => {
    const file = join(temporaryFolder(), "token");
    writeFileSync(file, `${token}\n`);
    chmodSync(file, 0o644);
    const tokens = [{ name: "cursor", secret: { $file: file } }];
    // What root owns is what containers mount as secrets: there the mode is not looked at.
    const isRoot = process.getuid?.() === 0;
    expect(isRoot ? "chmod 600" : await refusal({ tokens })).toContain("chmod 600");
    chmodSync(file, 0o600);
    const { url } = await start({ tokens });
    expect((await call({ url }, "task_list", {})).status).toBe(200);
  });

  test("what is wrong with tokens is told with its place, and nothing is served", async () => {
    const answer = await refusal(
      {
        tokens: [
          { name: "a", secret: { $env: "SHORT" } },
          { name: "a", sha256 },
          { name: "b", secret: { $env: "NONE" } },
        ],
      },
      { SHORT: "short" },
    );
    expect(answer).toContain("CONFIG_INVALID");
    for (const text of ["http.tokens[0]: is shorter", 'the name "a"', "NONE, which is not set"])
      expect(answer).toContain(text);
  });

  test("an address that is taken is told with what to do", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const answer = await refusal({ port, tokens: [{ name: "a", sha256 }] });
    expect(answer).toContain("Choose another port");
  });

  test.each([
    ["an open address", { host: "0.0.0.0", tokens: [{ name: "a", sha256 }] }],
    ["a token as it is", { tokens: [{ name: "a", secret: token }] }],
    ["a name that routes give the operator", { tokens: [{ name: "operator", sha256 }] }],
    ["a name of the local client", { tokens: [{ name: "local", sha256 }] }],
    ["a name of runs", { tokens: [{ name: "run", sha256 }] }],
    ["a hash that is none", { tokens: [{ name: "a", sha256: "x" }] }],
  ])("%s is refused in the configuration", (_, http) => {
    const parsed = parseConfig(JSON.stringify({ routes: [], http }), "config.jsonc");
    expect("findings" in parsed ? parsed.findings.length : 0).toBeGreaterThan(0);
  });

  test("other paths have nothing, also for upgrades, and a stop ends it", async () => {
    const { daemon, url } = await start({ tokens: [{ name: "cursor", sha256 }] });
    expect((await fetch(new URL("/", url))).status).toBe(404);
    expect((await fetch(new URL("/mcp2", url))).status).toBe(404);
    expect(await upgraded(url)).toBe("answered");
    await daemon.stop();
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });
});
