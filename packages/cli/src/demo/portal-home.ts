import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BridgeError } from "@agent-bridge/core";
import { codexHome, startStubModel, type StubModel } from "@agent-bridge/testing/stub-model";

const portal = "@agent-bridge/plugin-portal";
const react = "@agent-bridge/plugin-react-agent";

/** What the demo of the portal needs around the daemon: a model on loopback, and a home of its own. */
export interface PortalWorld extends AsyncDisposable {
  readonly model: StubModel;
  /** What `AGENT_BRIDGE_HOME` is set to. */
  readonly home: string;
  /** Whether there is a page to open; in a checkout it has to be built first. */
  readonly hasPage: boolean;
}

/** @throws BridgeError PLUGIN_NOT_FOUND where the command was installed without it */
function fileOf(plugin: string): string {
  try {
    return fileURLToPath(import.meta.resolve(`${plugin}/package.json`));
  } catch (error) {
    const detail = `the demo of the portal runs it. \`npm i ${plugin}\` beside the command, or a checkout, brings it.`;
    throw new BridgeError("PLUGIN_NOT_FOUND", { plugin, detail }, { cause: error });
  }
}

async function writeHome(home: string, modelUrl: string): Promise<void> {
  const codex = await codexHome({ folder: join(home, "codex"), modelUrl });
  // Beside this file, in the sources as in what is built of them.
  const server = join(import.meta.dirname, `notes-server${extname(import.meta.filename)}`);
  const config = {
    http: { port: 0 },
    plugins: {
      [portal]: {},
      [react]: {
        baseUrl: `${modelUrl}/v1`,
        model: "stub-model",
        servers: { notes: { command: process.execPath, args: [server] } },
      },
      "@agent-bridge/plugin-codex": { home: codex.folder },
    },
    routes: [
      {
        kind: "portal.chat",
        from: ["operator"],
        runner: "react",
        options: { tools: ["notes.*"] },
      },
      { kind: "portal.chat", from: ["operator"], runner: "codex" },
    ],
  };
  await writeFile(join(home, "config.jsonc"), JSON.stringify(config, null, 2), { mode: 0o600 });
}

/**
 * Starts the world of the portal's demo. Disposing of it ends and removes everything.
 *
 * @throws BridgeError PLUGIN_NOT_FOUND
 */
export async function startPortalWorld(): Promise<PortalWorld> {
  fileOf(react);
  const hasPage = existsSync(join(dirname(fileOf(portal)), "dist/page/index.html"));
  await using stack = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), "agent-bridge-demo-"));
  stack.defer(async () => await rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const model = stack.use(await startStubModel());
  await writeHome(home, model.url);
  const owned = stack.move();
  return { model, home, hasPage, [Symbol.asyncDispose]: async () => await owned.disposeAsync() };
}
