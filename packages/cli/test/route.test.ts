import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { document, makeHome, type Home } from "./home.ts";

const molecule = {
  workspaces: [{ id: "ws-1", platformUrl: "http://127.0.0.1:9", token: "a-secret-token" }],
};
const config = {
  plugins: { "scripted-plugin": {}, "@agent-bridge/plugin-molecule": molecule },
  routes: [
    { kind: "peer_agent", from: "*", runner: "scripted" },
    { kind: "canvas_user", from: [], runner: "scripted" },
    {
      kind: "prompt",
      from: ["operator"],
      runner: "scripted",
      turn: { idleMs: 90_000 },
      budget: { per: "sender", windowHours: 24, turns: 20, minutes: 30, name: "all" },
    },
    { kind: "prompt", from: ["operator"], runner: "scripted" },
  ],
};

async function explain(home: Home, message: object): Promise<Record<string, unknown>> {
  const run = await home.run(["route", "explain", "-", "--json"], {
    input: JSON.stringify(message),
  });
  expect(run.stderr).toBe("");
  return document(run.stdout);
}

test("route list shows the table with what can never match, and starts nothing", async () => {
  const home = makeHome({ config });
  const { code, stdout } = await home.run(["route", "list"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/1 +peer_agent +everyone +scripted +scripted-plugin +yes +unknown/);
  expect(stdout).toMatch(/2 +canvas_user +nobody +scripted +scripted-plugin +NO: from nobody/);
  expect(stdout).toMatch(/4 +prompt +operator .*NO: behind 3/);
  const { routes } = document((await home.run(["route", "list", "--json"])).stdout);
  expect(routes).toMatchObject([
    { index: 0, kindFrom: "@agent-bridge/plugin-molecule", runnerFrom: "scripted-plugin" },
    { reach: "nobody" },
    { kindFrom: null, reach: "reachable" },
    { reach: "shadowed", shadowedBy: 2 },
  ]);
  expect(readdirSync(home.folder).toSorted()).toEqual(["config.jsonc", "node_modules"]);
});

test("route explain says why a route takes a message, and why those before it do not", async () => {
  const home = makeHome({ config });
  const file = join(home.folder, "message.json");
  writeFileSync(file, JSON.stringify({ kind: "prompt", payload: { text: "hi" } }));
  const { code, stdout } = await home.run(["route", "explain", file]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/route 1 \(line 1\): it is for the kind "peer_agent"/);
  expect(stdout).toMatch(/route 3 \(line 1\): MATCHES/);
  expect(stdout).not.toContain("route 4");
  expect(stdout).toMatch(/time-outs .*idle 1 m 30 s/);
  expect(stdout).toContain('20 turns, 30 minutes in 24 h for each sender, shared as "all"');
  expect(stdout).toContain("take it that this run has operator power");
});

test("route explain says why a message would be a dead letter, and which line would let it pass", async () => {
  const home = makeHome({ config });
  const payload = { id: "a-1", text: "hello" };
  const at = { channel: "molecule:ws-1", workspace: "ws-1" };
  const refused = await explain(home, { kind: "canvas_user", payload, ...at, channel: null });
  expect(refused).toMatchObject({ task: null, refused: { reason: "refused" } });
  expect(await explain(home, { kind: "canvas", payload, channel: null })).toMatchObject({
    refused: { detail: expect.stringContaining("No plugin declares"), wouldAllow: null },
  });
  const run = await home.run(["route", "explain", "-"], {
    input: JSON.stringify({ kind: "prompt", payload: { text: "x" }, sender: "eve" }),
  });
  expect(run.code).toBe(1);
  expect(run.stdout).toContain('{"kind":"prompt","from":["eve"],"runner":"scripted"}');
});

test("what is no message is refused with what one is", async () => {
  const home = makeHome({ config });
  const wrong: Readonly<Record<string, string>> = {
    "": "it is not JSON",
    "[]": "it must be an object, not a list.",
    '{"payload":1}': "kind is missing: it must be a text.",
    '{"kind":"prompt"}': "payload is ",
    '{"kind":"prompt","payload":1,"from":"x"}': "from is not a known key.",
  };
  for (const [input, what] of Object.entries(wrong)) {
    const { code, stderr, stdout } = await home.run(["route", "explain", "-"], { input });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("INPUT_INVALID");
    expect(stderr).toContain(what);
  }
  const none = await home.run(["route", "explain", join(home.folder, "none.json")]);
  expect(none).toMatchObject({ code: 2 });
});
