import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { document, documents, makeHome, type Home } from "./home.ts";

const fixtures = fileURLToPath(new URL("fixtures/faulty-plugins", import.meta.url));
const bad = ["throws-at-import", "throws-in-kinds", "other-api"];

/** A home with bad plugins before and behind the good one, installed as copies, as npm would. */
function faultyHome(): Home {
  const home = makeHome({
    config: {
      plugins: {
        ...Object.fromEntries(bad.map((name) => [name, {}])),
        "scripted-plugin": {},
        faulty: {},
      },
      routes: ["scripted", "faulty"].flatMap((runner) =>
        ["prompt", "faulty"].map((kind) => ({ kind, from: ["operator"], runner })),
      ),
    },
  });
  for (const name of [...bad, "faulty"]) {
    cpSync(join(fixtures, name), join(home.folder, "node_modules", name), { recursive: true });
  }
  return home;
}

interface Logged {
  readonly message: string;
  readonly plugin?: string | null;
  readonly text?: string;
  readonly [fact: string]: unknown;
}

const logged = (stderr: string): readonly Logged[] => documents(stderr) as unknown as Logged[];

test("S25 plugins that fail while they load are shown with their reason; the others work", async () => {
  const home = faultyHome();
  const daemon = await home.up();
  const { plugins } = document((await home.run(["status", "--json"])).stdout);
  expect(plugins).toMatchObject([
    {
      name: "throws-at-import",
      state: "quarantined",
      reason: expect.stringContaining("does not even load"),
    },
    {
      name: "throws-in-kinds",
      state: "quarantined",
      reason: expect.stringContaining("does not know its kinds"),
    },
    {
      name: "other-api",
      version: "9.0.0",
      state: "quarantined",
      reason: expect.stringContaining("asks for API >=9"),
    },
    { name: "scripted-plugin", state: "loaded" },
    { name: "faulty", state: "loaded" },
  ]);
  expect((await home.run(["send", "say hello", "--runner", "scripted", "--follow"])).stdout).toBe(
    "hello\n",
  );
  // Its package says what it asks for, so nothing of it was run.
  expect(daemon.stderr() + daemon.stdout()).not.toContain("code of other-api has run");
});

test("S25 a plugin that throws in run, in a kind and in dispose is shown; the others work", async () => {
  const home = faultyHome();
  const daemon = await home.up();
  const failed = await home.run(["send", "throw", "--runner", "faulty", "--follow"]);
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("thrown in run") });
  const refused = await home.run(["send", "{}", "--kind", "faulty"]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("thrown in a kind") });
  expect((await home.run(["send", "say hello", "--runner", "scripted", "--follow"])).stdout).toBe(
    "hello\n",
  );
  const status = await home.run(["status"]);
  expect(status.stdout).toMatch(
    /plugin faulty +loaded, 0\.0\.1, THREW 2 times: kind faulty\.prompt: thrown in a kind/,
  );
  daemon.child.kill("SIGTERM");
  const { code, stderr } = await daemon.ended;
  expect(code).toBe(0);
  expect(stderr).toContain("thrown in dispose");
});

test("what plugins print at import and in run never reaches stdout, and is logged under their name", async () => {
  const home = faultyHome();
  const daemon = await home.up(["--json"]);
  const sent = await home.run(["send", "print", "--runner", "faulty", "--follow"]);
  expect(sent).toMatchObject({ code: 0, stdout: "done: print\n" });
  daemon.child.kill("SIGTERM");
  const { stdout, stderr } = await daemon.ended;
  // Each line is a document of the command itself.
  expect(documents(stdout).length).toBeGreaterThan(1);
  expect(stdout).not.toContain('"printed');
  const printed = logged(stderr).filter(({ message }) => message === "Printed by a plugin");
  expect(printed.map(({ plugin, text }) => [plugin, text])).toEqual([
    ["faulty", "printed at import"],
    ["faulty", "printed in run by console"],
    ["faulty", "printed in run by write"],
  ]);
});

test("a plugin that blocks the event loop for a second is named by the log and by status", async () => {
  const home = faultyHome();
  const daemon = await home.up();
  const sent = await home.run(["send", "block", "--runner", "faulty", "--follow"]);
  expect(sent).toMatchObject({ code: 0, stdout: "done: block\n" });
  const { loop } = document((await home.run(["status", "--json"])).stdout);
  expect((loop as { longestMs: number }).longestMs).toBeGreaterThanOrEqual(500);
  expect((await home.run(["status"])).stdout).toMatch(/event loop +HELD UP/);
  // A busy machine may hold the loop up once more, for which nobody is to blame.
  const told = logged(daemon.stderr()).filter(({ message }) =>
    message.startsWith("The event loop"),
  );
  expect(told).toContainEqual(
    expect.objectContaining({
      isKnown: true,
      during: expect.arrayContaining(["faulty: runner faulty.run"]) as unknown,
    }),
  );
});

test("a plugin that throws where nobody catches it ends the daemon, and the log names it", async () => {
  const home = faultyHome();
  const daemon = await home.up();
  await home.run(["send", "crash", "--runner", "faulty"]);
  const { code, stderr } = await daemon.ended;
  expect(code).toBe(1);
  const last = logged(stderr).find(({ message }) => message.startsWith("An error that nobody"));
  expect(last).toMatchObject({ plugin: "faulty", error: "thrown in a timer" });
});
