import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { codexHome } from "../../src/stub-model/index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "codex-home-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const read = (name: string): Promise<string> => readFile(join(folder, "home", name), "utf8");
const write = (
  options: Partial<Parameters<typeof codexHome>[0]> = {},
): ReturnType<typeof codexHome> =>
  codexHome({ folder: join(folder, "home"), modelUrl: "http://127.0.0.1:9", ...options });

describe("codexHome", () => {
  test("points codex at the stub model and at nothing else", async () => {
    await write();
    const lines = (await read("config.toml")).split("\n");
    expect(lines).toContain('model_providers.stub.base_url = "http://127.0.0.1:9/v1"');
    expect(lines).toContain("analytics.enabled = false");
    expect(lines).toContain('sandbox_mode = "read-only"');
    expect(lines).toContain('shell_environment_policy.inherit = "core"');
    expect(JSON.parse(await read("model-catalog.json"))).toMatchObject({
      models: [{ slug: "stub-model" }],
    });
  });

  test("options and further settings change single keys", async () => {
    await write({
      sandbox: "workspace-write",
      approvals: "on-request",
      retries: 0,
      streamIdleMs: 900,
      shellEnvironment: { MARK: 'a "quoted" mark' },
      settings: { features: { goals: true, "odd key": false }, model_verbosity: "low" },
    });
    const lines = (await read("config.toml")).split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        'sandbox_mode = "workspace-write"',
        'approval_policy = "on-request"',
        "model_providers.stub.request_max_retries = 0",
        "model_providers.stub.stream_idle_timeout_ms = 900",
        'shell_environment_policy.set.MARK = "a \\"quoted\\" mark"',
        "features.goals = true",
        'features."odd key" = false',
        "features.apps = false",
        'model_verbosity = "low"',
      ]),
    );
  });

  test("the environment holds the path and the folder, nothing of the caller's", async () => {
    const { environment } = await write();
    expect(Object.keys(environment).toSorted()).toEqual(["CODEX_HOME", "HOME", "PATH"]);
    expect(environment["CODEX_HOME"]).toBe(join(folder, "home"));
  });

  test("only the owner may read what it writes", async () => {
    await write();
    expect((await stat(join(folder, "home"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, "home/config.toml"))).mode & 0o777).toBe(0o600);
  });
});
