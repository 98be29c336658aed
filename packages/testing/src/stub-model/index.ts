export { codexHome } from "./codex-home.ts";
export type { CodexHome, CodexHomeOptions } from "./codex-home.ts";
export { directives } from "./directives.ts";
export { spawnStubModel } from "./spawn.ts";
export { startStubModel, stubModelName } from "./server.ts";
export type { ModelRequest, StubModel, StubModelOptions } from "./server.ts";
export type { Prompt } from "./model.ts";
export type { SpawnedServer } from "../loopback/spawn.ts";
