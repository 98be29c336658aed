import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stubModelName } from "./server.ts";
import { overlay, toToml } from "./toml.ts";
import type { TomlTable } from "./toml.ts";

/** Where the folder is and how codex is to behave. */
export interface CodexHomeOptions {
  /** Folder to write; made when it is missing. */
  readonly folder: string;
  /** Address of the stub model, without `/v1`. */
  readonly modelUrl: string;
  /** What commands may do; "read-only" by default. */
  readonly sandbox?: "read-only" | "workspace-write" | "danger-full-access";
  /** When codex asks; "never" by default. */
  readonly approvals?: "untrusted" | "on-request" | "never";
  /** How often codex repeats a request that failed, and a stream that broke; 2 by default. */
  readonly retries?: number;
  /** Milliseconds of a silent stream after which codex gives it up; codex's own default is 5 minutes. */
  readonly streamIdleMs?: number;
  /** Variables for the model's shells beside the few that they inherit (`HOME`, `PATH`, …). */
  readonly shellEnvironment?: Readonly<Record<string, string>>;
  /** More settings of codex, table by table over those above. */
  readonly settings?: TomlTable;
}

/** A folder that codex can be started with. */
export interface CodexHome {
  readonly folder: string;
  /** The whole environment that codex needs: no key, no proxy, nothing of the caller's but `PATH`. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Writes a `CODEX_HOME` with which the real codex talks to the stub model alone: no network, no login. */
export async function codexHome(options: CodexHomeOptions): Promise<CodexHome> {
  const folder = resolve(options.folder);
  const catalog = join(folder, "model-catalog.json");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(catalog, JSON.stringify(modelCatalog, undefined, 2), { mode: 0o600 });
  const config = toToml(overlay(settings(options, catalog), options.settings ?? {}));
  await writeFile(join(folder, "config.toml"), config, { mode: 0o600 });
  const environment = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: folder,
    CODEX_HOME: folder,
  };
  return { folder, environment };
}

function settings(options: CodexHomeOptions, catalog: string): TomlTable {
  const retries = options.retries ?? 2;
  return {
    model: stubModelName,
    model_provider: "stub",
    model_catalog_json: catalog,
    approval_policy: options.approvals ?? "never",
    sandbox_mode: options.sandbox ?? "read-only",
    web_search: "disabled",
    check_for_update_on_startup: false,
    allow_login_shell: false,
    model_providers: {
      stub: {
        name: "stub",
        base_url: `${options.modelUrl}/v1`,
        wire_api: "responses",
        request_max_retries: retries,
        stream_max_retries: retries,
        ...(options.streamIdleMs === undefined
          ? {}
          : { stream_idle_timeout_ms: options.streamIdleMs }),
      },
    },
    // The model's shells inherit HOME, PATH and the like, never what codex itself was given.
    shell_environment_policy: { inherit: "core", set: options.shellEnvironment ?? {} },
    analytics: { enabled: false },
    // `plugins` fetches a git repository; the others write files or call services of their own.
    features: { goals: false, apps: false, plugins: false, shell_snapshot: false, memories: false },
    agents: { enabled: false },
  };
}

const efforts = ["low", "medium", "high", "xhigh"];

/** What codex must be told about a model that it does not know. */
const modelCatalog = {
  models: [
    {
      slug: stubModelName,
      display_name: "stub",
      description: "A model that does what its prompt directs.",
      default_reasoning_level: "medium",
      supported_reasoning_levels: efforts.map((effort) => ({ effort, description: effort })),
      shell_type: "unified_exec",
      visibility: "list",
      supported_in_api: true,
      priority: 1,
      base_instructions: "You do what the user directs.",
      support_verbosity: false,
      apply_patch_tool_type: "freeform",
      truncation_policy: { mode: "tokens", limit: 10_000 },
      context_window: 272_000,
      supports_parallel_tool_calls: false,
      experimental_supported_tools: [],
    },
  ],
};
