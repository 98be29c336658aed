import { expect, test } from "vitest";
import { defaultToken, startFakePlatform } from "@agent-bridge/testing/fake-platform";
import { renderFacts, wrap } from "../src/render/table.ts";
import { document, makeHome, workingConfig } from "./home.ts";

test("a value that is longer than the terminal goes on below itself, between words", () => {
  const value = "one two three ".repeat(12).trim();
  const lines = renderFacts(
    [
      ["short", "x"],
      ["a longer name", `${value} ${"y".repeat(90)}`],
    ],
    80,
  );
  expect(lines[0]).toBe("short          x");
  expect(lines.slice(2, -1).every((line) => line.startsWith(" ".repeat(15)))).toBe(true);
  expect(lines.slice(0, -1).every((line) => line.length <= 80)).toBe(true);
  expect(lines.slice(1).join(" ").replaceAll(/\s+/g, " ")).toContain(value);
  expect(wrap("a b", 1)).toEqual(["a", "b"]);
  expect(renderFacts([["name", value]])).toEqual([`name  ${value}`]);
});

test("status shows what is asked, what failed and what was put aside, and what to do", async () => {
  await using platform = await startFakePlatform();
  const workspaces = [{ id: "ws-self", platformUrl: platform.url, token: defaultToken }];
  const home = makeHome({
    config: {
      ...workingConfig,
      plugins: { ...workingConfig.plugins, "@agent-bridge/plugin-molecule": { workspaces } },
    },
  });
  await home.up();
  platform.state.addCanvas({ workspace: "ws-self", text: "nobody may" });
  const sent = await home.run(["send", "ask May I?"]);
  const taskId = sent.stdout.trim();
  expect(await home.run(["send", "fail no luck", "--follow"])).toMatchObject({ code: 1 });
  const bridge = async (): Promise<unknown> =>
    document((await home.run(["status", "--json"])).stdout)["bridge"];
  await expect.poll(bridge, { timeout: 15_000 }).toMatchObject({
    attention: {
      outbox: { destinations: 0, failing: 0, problems: [] },
      deadLetters: [{ reason: "not_allowed", count: 1 }],
      questions: [{ taskId, title: "May I?", askedAt: expect.stringMatching(/Z$/) }],
    },
    runners: [
      {
        name: "scripted",
        checkedAt: expect.stringMatching(/Z$/),
        lastFailure: { code: "runner_failed", message: "no luck" },
      },
    ],
  });
  const { stdout, code } = await home.run(["status"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`question +${taskId}: May I\\? \\(asked .* ago, "no" in`));
  expect(stdout).toMatch(/dead letters +1 \(1 not_allowed\)/);
  expect(stdout).toMatch(/size +[\d.]+ [KM]iB/);
  expect(stdout).toMatch(/retention +not run yet/);
  expect(stdout).toMatch(
    /runner scripted +ready, 1, looked at .*last failure .* ago \(runner_failed/,
  );
  expect(stdout).toContain("`agent-bridge task reply TASK --accept` or `--decline` gives it.");
  expect(stdout).toContain("`agent-bridge dead-letter list` shows what and why.");
});

test("S28 status shows a platform that is away: how often, why, and when it is tried again", async () => {
  const workspaces = [{ id: "ws-1", platformUrl: "http://127.0.0.1:9", token: "a-token-1" }];
  const home = makeHome({
    config: {
      ...workingConfig,
      plugins: { ...workingConfig.plugins, "@agent-bridge/plugin-molecule": { workspaces } },
    },
  });
  await home.up();
  await expect
    .poll(async () => (await home.run(["status"])).stdout, { timeout: 15_000 })
    .toMatch(/channel molecule\S* +backing off, .*next (now|in .* s), \d+ failed polls: /);
  const { stdout } = await home.run(["status"]);
  expect(stdout).toContain("A channel can not receive and tries again by itself");
});
