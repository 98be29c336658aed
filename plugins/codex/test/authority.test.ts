import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { findBinary } from "../src/binary.ts";
import { authorityOf } from "../src/authority.ts";
import { temporaryFolder } from "./fake-codex.ts";
import { turnOptions } from "./real-codex.ts";

const places = { emptyFolder: "/state/empty", temporaryFolder: "/var/tmp/mine" };

test("a read-only turn reads everything, writes nothing and reaches nobody", () => {
  expect(authorityOf(turnOptions(), places)).toMatchObject({
    reads: "*",
    writes: [],
    network: false,
    notes: [expect.stringContaining("MCP servers")],
  });
});

test("a turn that writes its workspace says where, and what else may be", () => {
  const options = turnOptions({ sandbox: "workspace-write", cwd: "/project" });
  const { writes, network, notes } = authorityOf(options, places);
  expect({ writes, network }).toEqual({
    writes: ["/project", "/tmp", "/var/tmp/mine"],
    network: false,
  });
  expect(notes.join(" ")).toContain("sandbox_workspace_write");
});

test.each([
  {
    "sandbox_workspace_write.network_access": true,
    "sandbox_workspace_write.writable_roots": ["/more"],
  },
  { sandbox_workspace_write: { network_access: true, writable_roots: ["/more"] } },
])("settings that a route adds count: %j", (config) => {
  const { writes, network } = authorityOf(
    turnOptions({ sandbox: "workspace-write", config }),
    places,
  );
  expect(network).toBe(true);
  expect(writes).toContain("/more");
  expect(writes).toContain("/state/empty");
});

test("who may ask for more says so, and full access is everything", () => {
  const asking = authorityOf(turnOptions({ approvals: "on-request" }), places);
  expect(asking.notes.join(" ")).toContain("someone accepts");
  expect(authorityOf(turnOptions({ sandbox: "danger-full-access" }), places)).toEqual({
    reads: "*",
    writes: "*",
    network: true,
    notes: [],
  });
});

test("a turn that is given the bridge says so, in every sandbox", () => {
  for (const sandbox of ["read-only", "workspace-write", "danger-full-access"]) {
    const { notes } = authorityOf(turnOptions({ sandbox, bridge: true }), places);
    expect(notes.join(" ")).toContain("the bridge's own tools as this run");
    expect(authorityOf(turnOptions({ sandbox }), places).notes.join(" ")).not.toContain(
      "as this run",
    );
  }
});

const attempt = `
const { readFileSync, writeFileSync } = require("node:fs");
const { connect } = require("node:net");
const tried = { reads: true, writes: true };
try { readFileSync(process.argv[1] + "/key"); } catch { tried.reads = false; }
try { writeFileSync(process.argv[1] + "/made", ""); } catch { tried.writes = false; }
const end = (network) => console.log(JSON.stringify({ ...tried, network }));
connect(process.argv[1] + "/sock").on("connect", function () { this.destroy(); end(true); }).on("error", () => end(false));
`;

test.each(["read-only", "workspace-write", "danger-full-access"] as const)(
  "the real sandbox allows what is said of it: %s",
  async (sandbox) => {
    const { folder, remove } = temporaryFolder();
    const state = join(import.meta.dirname, `../node_modules/.cache/authority-${sandbox}`);
    onTestFinished(async () => {
      await remove();
      await rm(state, { recursive: true, force: true });
    });
    await mkdir(state, { recursive: true });
    await mkdir(join(folder, "home"));
    writeFileSync(join(state, "key"), "");
    await rm(join(state, "sock"), { force: true });
    const server = createServer((socket) => socket.end()).listen(join(state, "sock"));
    onTestFinished(() => void server.close());
    const { path = "" } = (await findBinary({})) ?? {};
    const home = join(folder, "home");
    const command = [path, "sandbox", "-c", `sandbox_mode="${sandbox}"`, "--"];
    const { stdout } = await promisify(execFile)(
      "/bin/sh",
      // Node gives its children sockets for pipes, and a sandbox without network forbids to write to them.
      ["-c", '"$@" | cat', "sh", ...command, process.execPath, "-e", attempt, state],
      { cwd: home, env: { PATH: process.env["PATH"], HOME: home, CODEX_HOME: home } },
    );
    const told = authorityOf(turnOptions({ sandbox, cwd: home }), places);
    expect(JSON.parse(stdout)).toEqual({
      reads: told.reads === "*",
      // The checkout may stand in a temporary folder.
      writes: told.writes === "*" || told.writes.some((root) => state.startsWith(`${root}/`)),
      network: told.network,
    });
  },
);
