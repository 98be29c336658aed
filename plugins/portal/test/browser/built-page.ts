import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";

/** The page, built by its own build into a folder of its own. */
export interface BuiltPage extends AsyncDisposable {
  readonly folder: string;
}

export async function buildPage(): Promise<BuiltPage> {
  const folder = await mkdtemp(join(tmpdir(), "agent-bridge-page-"));
  await build({
    configFile: join(import.meta.dirname, "../../build/vite.config.ts"),
    build: { outDir: folder },
    logLevel: "warn",
  });
  return {
    folder,
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  };
}
