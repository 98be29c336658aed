import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** The workspace whose inbox the demo reads, and the peer that writes to it. */
export const workspace = "ws-demo";
export const peer = "ws-peer";

/** What the model says to a prompt that directs nothing: the one that a recovered turn is given. */
function afterInterruption(prompt: Prompt): string | undefined {
  const last = prompt.users.at(-1) ?? "";
  if (!last.includes("interrupted")) return undefined;
  return `I was cut off in the middle, looked at what was left, and finished it. This session has seen ${prompt.users.length} messages.`;
}

/** Everything that the demo needs around the daemon: a platform and a model on loopback, and a home of its own. */
export interface DemoWorld extends AsyncDisposable {
  readonly platform: PlatformControl;
  readonly platformUrl: string;
  readonly model: StubModel;
  /** What `AGENT_BRIDGE_HOME` is set to. */
  readonly home: string;
}

async function writeHome(
  home: string,
  of: { platformUrl: string; modelUrl: string },
): Promise<void> {
  const codex = await codexHome({ folder: join(home, "codex"), modelUrl: of.modelUrl });
  const options = { id: workspace, platformUrl: of.platformUrl, token: defaultToken };
  const config = {
    plugins: {
      "@agent-bridge/plugin-codex": { home: codex.folder },
      "@agent-bridge/plugin-molecule": { workspaces: [options] },
    },
    routes: [
      { kind: "canvas_user", from: [workspace], runner: "codex" },
      { kind: "peer_agent", from: [peer], runner: "codex" },
    ],
  };
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(join(home, "config.jsonc"), JSON.stringify(config, null, 2), { mode: 0o600 });
}

/** Starts the world of the demo. Disposing of it ends and removes everything. */
export async function startWorld(): Promise<DemoWorld> {
  await using stack = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), "agent-bridge-demo-"));
  stack.defer(async () => await rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const model = stack.use(await startStubModel({ answer: afterInterruption }));
  const server = stack.use(await spawnFakePlatform({ workspaces: [workspace, peer] }));
  await writeHome(home, { platformUrl: server.url, modelUrl: model.url });
  const owned = stack.move();
  return {
    platform: platformControl(server.url),
    platformUrl: server.url,
    model,
    home,
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  };
}
