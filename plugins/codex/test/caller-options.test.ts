import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { codexCallerOptions } from "../src/caller-options.ts";
import { codexTurnOptionsSchema } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "codex-caller-"));
const inner = join(folder, "project", "inner");
mkdirSync(inner, { recursive: true });
symlinkSync("/", join(folder, "project", "way-out"));
afterAll(() => rmSync(folder, { recursive: true }));

const project = join(folder, "project");

function within(route: object, asked: object): unknown {
  const options = codexTurnOptionsSchema.parse(route);
  const answer = codexCallerOptions.within(
    options,
    codexCallerOptions.schema.parse(asked) as never,
  );
  return "refused" in answer ? answer.refused : codexTurnOptionsSchema.parse(answer.options);
}

test.each([
  [{ sandbox: "workspace-write" }, { sandbox: "read-only" }, { sandbox: "read-only" }],
  [{ approvals: "untrusted" }, { "approval-policy": "never" }, { approvals: "never" }],
  [{ approvals: "untrusted" }, { "approval-policy": "untrusted" }, { approvals: "untrusted" }],
  [{}, { model: "m" }, { model: "m" }],
  [{ cwd: project }, { cwd: inner }, { cwd: inner, sandbox: "read-only" }],
  [{ cwd: project, sandbox: "workspace-write" }, { cwd: project }, { cwd: project }],
  [{ cwd: project, idleMs: 7 }, {}, { cwd: project, idleMs: 7 }],
])("a caller narrows what the route %j permits by %j", (route, asked, used) => {
  expect(within(route, asked)).toMatchObject(used);
});

test.each([
  [{}, { sandbox: "workspace-write" }, "sandbox"],
  [{ sandbox: "workspace-write" }, { sandbox: "danger-full-access" }, "sandbox"],
  [{}, { "approval-policy": "on-request" }, "approval policy"],
  [{ model: "m" }, { model: "n" }, "model"],
  [{}, { cwd: project }, "names none"],
  [{ cwd: inner }, { cwd: project }, "not one inside"],
  [{ cwd: project }, { cwd: join(project, "way-out", "etc") }, "not one inside"],
  [{ cwd: project }, { cwd: join(project, "..", "elsewhere") }, "not one inside"],
  [{ cwd: project }, { cwd: `${project}-twin` }, "not one inside"],
  [{ cwd: project, sandbox: "workspace-write" }, { cwd: inner }, "workspace-write"],
  [
    { cwd: project, sandbox: "danger-full-access" },
    { cwd: inner, sandbox: "workspace-write" },
    "workspace-write",
  ],
])("more than the route %j permits is refused: %j", (route, asked, text) => {
  expect(within(route, asked)).toContain(text);
});

test.each([
  { config: {} },
  { developerInstructions: "x" },
  { cwd: "relative" },
  { sandbox: "none" },
])("nothing else can be asked: %j", (asked) => {
  expect(codexCallerOptions.schema.safeParse(asked).success).toBe(false);
});
