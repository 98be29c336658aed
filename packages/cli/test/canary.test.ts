import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codexHome, startStubModel } from "@agent-bridge/testing/stub-model";
import { expect, onTestFinished, test } from "vitest";
import { makeHome, workingConfig, type Home, type Started } from "./home.ts";

/** A secret for every place where one can stand, each another text. */
const canaries = {
  pluginEnv: "canary-3f1c-plugin-by-env",
  pluginFile: "canary-3f1c-plugin-by-file",
  httpToken: "canary-3f1c-http-token-of-thirty-two-or-more",
  codexEnv: "canary-3f1c-codex-env",
  reactKey: "canary-3f1c-react-api-key",
  reactHeader: "canary-3f1c-react-header",
  serverEnv: "canary-3f1c-server-env",
  moleculeToken: "canary-3f1c-molecule-token",
} as const;
type Place = keyof typeof canaries;

/** The children that are named a secret, by what their command line has. */
const receivers: Partial<Readonly<Record<Place, string>>> = {
  codexEnv: "app-server",
  serverEnv: "leaky-server.mjs",
};

const leaky = join(import.meta.dirname, "fixtures/leaky-server.mjs");
const environment = Object.fromEntries(
  Object.entries(canaries).map(([place, text]) => [`CANARY_${place}`, text]),
);
const byEnv = (place: Place): object => ({ $env: `CANARY_${place}` });

async function startWithSecrets(): Promise<{ readonly home: Home; readonly daemon: Started }> {
  const model = await startStubModel();
  onTestFinished(() => model.close());
  const home = makeHome();
  const file = (place: Place): object => {
    const path = join(home.folder, `${place}.secret`);
    writeFileSync(path, canaries[place], { mode: 0o600 });
    return { $file: path };
  };
  const codex = await codexHome({ folder: join(home.folder, "codex"), modelUrl: model.url });
  home.writeConfig({
    ...workingConfig,
    http: { port: 0, tokens: [{ name: "ann", secret: byEnv("httpToken") }] },
    plugins: {
      "scripted-plugin": { problems: [byEnv("pluginEnv"), file("pluginFile")] },
      "@agent-bridge/plugin-codex": {
        home: codex.folder,
        env: { HOME: codex.folder, FOR_CODEX: byEnv("codexEnv") },
      },
      "@agent-bridge/plugin-react-agent": {
        baseUrl: `${model.url}/v1`,
        model: "stub-model",
        apiKey: byEnv("reactKey"),
        headers: { "x-key": file("reactHeader") },
        servers: {
          leaky: { command: process.execPath, args: [leaky], env: { FOR_BOX: byEnv("serverEnv") } },
        },
      },
      "@agent-bridge/plugin-molecule": {
        workspaces: [{ id: "w", platformUrl: "http://127.0.0.1:9", token: file("moleculeToken") }],
      },
    },
    routes: [
      { kind: "prompt", from: ["operator"], runner: "scripted" },
      { kind: "prompt", from: ["operator"], runner: "codex" },
      {
        kind: "prompt",
        from: ["operator"],
        runner: "react",
        options: { tools: ["*"], unasked: ["*"] },
      },
    ],
  });
  return { home, daemon: await home.up([], { env: environment }) };
}

interface RunningProcess {
  readonly pid: number;
  readonly command: string;
  readonly environment: string;
}

function processes(): readonly RunningProcess[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).flatMap((pid) => {
    try {
      const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, "utf8");
      return [{ pid, command: read("cmdline"), environment: read("environ") }];
    } catch {
      // It has just ended, or is not ours.
      return [];
    }
  });
}

const found = (text: string): readonly Place[] =>
  (Object.keys(canaries) as Place[]).filter((place) => text.includes(canaries[place]));

async function send(home: Home, runner: string, prompt: string): Promise<string> {
  return (await home.run(["send", prompt, "--runner", runner])).stdout.trim();
}

/** What is stored and logged, file by file. */
function stateFiles(home: Home): readonly { readonly name: string; readonly text: string }[] {
  return readdirSync(home.state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((name) => ({ name, text: readFileSync(name, "latin1") }));
}

test("S24 a secret stands nowhere but where it is named: not in events, logs, errors, output, arguments or other children", async () => {
  const { home, daemon } = await startWithSecrets();
  // A tool tells the agent its secret; the agent repeats it, a few letters at a time.
  const told = await send(home, "react", "[[tool leaky__environment]][[slow 5]]");
  const failed = await send(home, "scripted", "fail it");
  const shell = await send(home, "codex", "[[shell env]]");
  await home.run(["task", "wait", told, failed, shell, "--timeout", "60"]);
  const open = [
    await send(home, "react", "[[tool leaky__environment]][[hang]]"),
    await send(home, "codex", "[[shell sleep 300]]"),
  ];
  const children = (): readonly string[] =>
    processes().flatMap(({ command, environment: of }) =>
      open.some((id) => of.includes(id)) ? [command] : [],
    );
  for (const mark of ["app-server", "leaky-server.mjs", "sleep"])
    await expect.poll(() => children().join(" "), { timeout: 30_000 }).toContain(mark);

  const running = processes().filter(({ pid }) => pid !== daemon.child.pid);
  expect(running.filter(({ command }) => found(command).length > 0)).toEqual([]);
  for (const { command, environment: of } of running) {
    const places = found(of).filter((place) => !command.includes(receivers[place] ?? "\n"));
    expect({ command, places }).toEqual({ command, places: [] });
  }
  const holders = running.filter((one) => found(one.environment).length > 0);
  expect(new Set(holders.flatMap((one) => found(one.environment)))).toEqual(
    new Set(Object.keys(receivers)),
  );

  const commands = [
    ["status"],
    ["doctor"],
    ["config", "show"],
    ["config", "check"],
    ["plugin", "list"],
    ["route", "list"],
    ["task", "list"],
    ["task", "show", told],
    ["task", "events", told],
    ["task", "events", failed],
    ["task", "events", shell],
    ["conversation", "list"],
    ["dead-letter", "list"],
  ];
  for (const args of commands) {
    for (const more of [[], ["--json"]]) {
      const { stdout, stderr } = await home.run([...args, ...more], { env: environment });
      expect({ args, places: found(stdout + stderr) }).toEqual({ args, places: [] });
      expect(stdout + stderr).not.toBe("");
    }
  }
  const events = (await home.run(["task", "events", told])).stdout;
  expect(events).toContain("[secret]");
  for (const id of open) await home.run(["task", "cancel", id]);
  expect(await home.run(["down"])).toMatchObject({ code: 0 });
  const { stdout, stderr } = await daemon.ended;
  expect(found(stdout + stderr)).toEqual([]);
  const files = stateFiles(home);
  expect(files.map(({ name }) => name)).toContain(join(home.state, "bridge.db"));
  for (const { name, text } of files)
    expect({ name, places: found(text) }).toEqual({ name, places: [] });
}, 180_000);
