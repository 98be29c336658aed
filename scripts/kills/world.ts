import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectDaemon, type DaemonClient, resolvePaths } from "@agent-bridge/host";
import {
  defaultToken,
  type PlatformControl,
  platformControl,
  spawnFakePlatform,
} from "@agent-bridge/testing/fake-platform";
import {
  codexHome,
  type Prompt,
  startStubModel,
  type StubModel,
} from "@agent-bridge/testing/stub-model";

export const workspace = "ws-kills";

/** The answer of a turn that recovers: it names the message that the interrupted request quotes. */
function recoveredAnswer(prompt: Prompt): string | undefined {
  const id = /answer (message-\d+)/.exec(prompt.users.at(-1) ?? "")?.[1];
  return id === undefined ? undefined : `answer ${id}, after an interruption`;
}

/** Platform, model and home of the kill loop; all on loopback, nothing of the user's own. */
export interface World extends AsyncDisposable {
  readonly platform: PlatformControl;
  readonly model: StubModel;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

export async function startWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), "agent-bridge-kills-"));
  stack.defer(async () => await rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const model = stack.use(await startStubModel({ answer: recoveredAnswer }));
  const server = stack.use(await spawnFakePlatform({ workspaces: [workspace] }));
  const codex = await codexHome({ folder: join(home, "codex"), modelUrl: model.url });
  const config = {
    plugins: {
      "@agent-bridge/plugin-codex": { home: codex.folder },
      "@agent-bridge/plugin-molecule": {
        workspaces: [{ id: workspace, platformUrl: server.url, token: defaultToken }],
      },
    },
    routes: ["canvas_user", "peer_agent"].map((kind) => ({ kind, from: "*", runner: "codex" })),
  };
  await writeFile(join(home, "config.jsonc"), JSON.stringify(config), { mode: 0o600 });
  const owned = stack.move();
  return {
    platform: platformControl(server.url),
    model,
    home,
    env: { ...process.env, AGENT_BRIDGE_HOME: home },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  };
}

/** A daemon of the kill loop, in a process of its own. */
export interface Victim {
  readonly pid: number;
  /** Resolves with the signal or exit code when it is gone. */
  readonly gone: Promise<string>;
  kill(signal: NodeJS.Signals): void;
}

export function startVictim(world: World, killAt: string | null): Victim {
  const child: ChildProcess = spawn(
    process.execPath,
    ["--conditions=agent-bridge-source", join(import.meta.dirname, "daemon.ts")],
    {
      env: { ...world.env, ...(killAt === null ? {} : { KILL_AT: killAt }) },
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const gone = once(child, "exit").then(([code, signal]) => String(signal ?? code));
  return { pid: child.pid as number, gone, kill: (signal) => void child.kill(signal) };
}

/** Connects to the daemon as soon as it answers. */
export async function connect(world: World, limitMs = 20_000): Promise<DaemonClient> {
  const paths = resolvePaths({ env: world.env });
  for (const end = performance.now() + limitMs; ;) {
    try {
      return await connectDaemon(paths);
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(20);
    }
  }
}
