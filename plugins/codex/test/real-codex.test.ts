import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  outputOf,
  processesWith,
  sessionOf,
  turnIo,
  type RecordedTurnIo,
} from "@agent-bridge/testing/runner-conformance";
import { printed, realCodex } from "./real-codex.ts";

const codex = await realCodex({ retries: 1 });
afterAll(() => codex[Symbol.asyncDispose]());

describe("the environment", () => {
  test("S24 nothing of the daemon's own reaches Codex's shells but the core variables and the mark", async () => {
    process.env["BRIDGE_TEST_SECRET"] = "hidden";
    process.env["BRIDGE_TEST_NAMED"] = "named";
    const io = turnIo();
    const plugin = { env: { HOME: codex.home, GIVEN: "given" }, envAllow: ["BRIDGE_TEST_NAMED"] };
    const turn = await codex.turn(
      "[[shell env; cat /proc/$PPID/environ | tr '\\0' '\\n' | sed s/^/codex:/]]",
      {
        io,
        plugin,
        options: { sandbox: "danger-full-access" },
      },
    );
    delete process.env["BRIDGE_TEST_SECRET"];
    delete process.env["BRIDGE_TEST_NAMED"];
    const lines = printed(turn).split("\n");
    expect(lines).toContain(`AGENT_BRIDGE_RUN=${io.markText}`);
    expect(lines).toContain(`codex:AGENT_BRIDGE_RUN=${io.markText}`);
    // What is named reaches Codex itself, not the commands of the model.
    expect(lines).toContain("codex:BRIDGE_TEST_NAMED=named");
    expect(lines).toContain("codex:GIVEN=given");
    expect(printed(turn)).not.toMatch(/^(BRIDGE_TEST_NAMED|GIVEN)=/m);
    expect(printed(turn)).not.toContain("hidden");
  });

  test("the mark is there whatever the person's settings say of variables", async () => {
    await using picky = await realCodex({
      settings: { shell_environment_policy: { inherit: "all", include_only: ["PATH"] } },
    });
    const io = turnIo();
    const turn = await picky.turn("[[shell env]]", { io });
    expect(printed(turn)).toContain(`AGENT_BRIDGE_RUN=${io.markText}`);
  });
});

test("a route that gives the bridge where none can be had is a visible failure", async () => {
  const { end } = await codex.turn("hello", { options: { bridge: true } });
  expect(end).toMatchObject({ outcome: "failed", message: expect.stringContaining("`bridge`") });
});

describe("the sandbox", () => {
  test("read-only, the default, lets no command write and works in an empty folder", async () => {
    const target = join(codex.folder, "read-only.txt");
    const turn = await codex.turn(`[[shell pwd; ls -A; touch ${target} || true]]`);
    expect(printed(turn)).toMatch(/^\S+\/plugin\/empty\ntouch: .*Read-only file system/);
    expect(await readdir(codex.folder)).not.toContain("read-only.txt");
  });

  test("read-only lets no patch write, and without approvals nobody is asked", async () => {
    const turn = await codex.turn("[[patch patched.txt]]", { options: { cwd: codex.folder } });
    expect(outputOf(turn)).toContain("read-only");
    expect(turn.io.questions).toEqual([]);
    expect(await readdir(codex.folder)).not.toContain("patched.txt");
  });

  test("workspace-write writes in its folder, and not beside it", async () => {
    const cwd = join(codex.folder, "workspace");
    await mkdir(cwd);
    // Not in a temporary folder, where a checkout may be as well: those are writable too.
    const outside = join(homedir(), `outside-${process.pid}.txt`);
    const turn = await codex.turn(`[[shell touch inside.txt; touch ${outside} || true]]`, {
      options: { cwd, sandbox: "workspace-write" },
    });
    expect(printed(turn)).toContain("Read-only file system");
    expect(await readdir(cwd)).toEqual(["inside.txt"]);
    expect(existsSync(outside)).toBe(false);
  });
});

describe("S20 a cancelled turn", () => {
  test("takes its shells with it, in whatever session they are", async () => {
    const io = turnIo();
    let before: string[] = [];
    const turn = await codex.turn(
      "[[say first]][[shell trap '' TERM HUP; sleep 300 & setsid sleep 301 & nohup setsid sh -c \"trap '' TERM; sleep 302; sleep 303\" >/dev/null 2>&1 & sleep 304]]",
      {
        options: { sandbox: "danger-full-access" },
        io,
        onEvent: async ({ type }) => {
          if (type !== "tool_call") return;
          await expect
            .poll(async () => (before = await sleepsOf(io)), { timeout: 5_000, interval: 10 })
            .toHaveLength(4);
          io.abort();
        },
      },
    );
    expect(before.toSorted()).toEqual(["sleep 300", "sleep 301", "sleep 302", "sleep 304"]);
    expect(turn.leftBehind).toEqual([]);
    expect(turn.end).toEqual({ type: "end", outcome: "aborted" });
    expect(turn.abortMs).toBeLessThan(6_000);
    expect(turn.events).toContainEqual({ type: "text", text: "first", delta: false });
    expect(turn.events).toContainEqual(expect.objectContaining({ status: "cancelled" }));
  });

  test("leaves a session that goes on", async () => {
    const first = await codex.turn("[[slow 20]][[say one two three]][[hang]]", {
      onEvent: ({ type }, io) => {
        if (type === "text") io.abort();
      },
    });
    const second = await codex.turn("and now?", { session: sessionOf(first) });
    expect(outputOf(second)).toContain("user messages seen: 2");
  });
});

async function sleepsOf(io: RecordedTurnIo): Promise<string[]> {
  const commands = (await processesWith(io.markText)).map(({ command }) => command);
  return commands.filter((command) => command.startsWith("sleep "));
}
