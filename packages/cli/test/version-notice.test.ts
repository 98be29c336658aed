import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { McpClient } from "./mcp-client.ts";
import { document, makeHome, type Home } from "./home.ts";

/** What listens as the daemon of a home, and greets every caller with this line. */
async function listenAs(home: Home, greeting: object): Promise<void> {
  mkdirSync(home.state, { mode: 0o700 });
  writeFileSync(join(home.state, "socket.key"), "0".repeat(64), { mode: 0o600 });
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.write(`${JSON.stringify(greeting)}\n`);
      socket.once("data", () =>
        socket.write('{"jsonrpc":"2.0","id":1,"result":{"items":[],"next":null}}\n'),
      );
    });
  });
  server.listen(join(home.state, "daemon.sock"));
  await once(server, "listening");
  onTestFinished(() => void server.close());
}

test("a command that meets a daemon of another version says so, and what to do, beside its answer", async () => {
  const home = makeHome();
  await listenAs(home, { hello: { protocol: 1, version: "7.8.9", pid: 1 } });
  const { code, stdout, stderr } = await home.run(["conversation", "list", "--json"]);
  expect({ code, answer: document(stdout) }).toMatchObject({ code: 0, answer: {} });
  expect(stderr).toMatch(
    /^The daemon is agent-bridge 7\.8\.9, this command is \d+\.\d+\.\d+.*`agent-bridge down`/,
  );
});

test("the front of an MCP client says the same on stderr, and serves it", async () => {
  const home = makeHome();
  await listenAs(home, { hello: { protocol: 1, version: "7.8.9", pid: 1 } });
  const client = new McpClient(home);
  await client.answerTo(client.begin("initialize"));
  client.front.child.stdin?.end();
  const { code, stderr } = await client.front.ended;
  expect(code).toBe(0);
  expect(stderr).toContain("The daemon is agent-bridge 7.8.9, this command is");
});

test("a command that meets a daemon of its own version says nothing", async () => {
  const home = makeHome();
  await home.up();
  expect(await home.run(["conversation", "list"])).toMatchObject({ code: 0, stderr: "" });
});

test("a daemon that speaks another protocol is an error with advice", async () => {
  const home = makeHome();
  const detail =
    "it speaks protocol 1, this daemon (agent-bridge 7.8.9) speaks 2. Restart the daemon.";
  const error = { code: "INPUT_INVALID", message: "", data: { what: "The hello", detail } };
  await listenAs(home, { id: null, error: { ...error, retryable: false } });
  const { code, stderr } = await home.run(["conversation", "list"]);
  expect(code).toBe(2);
  expect(stderr).toContain("speaks 2. Restart the daemon");
});
