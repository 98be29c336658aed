export { codexPlugin, codexPlugin as default } from "./plugin.ts";
export { codexRunner } from "./codex-runner.ts";
export { codexOptionsSchema, type CodexOptions } from "./plugin-options.ts";
export { codexTurnOptionsSchema, type CodexTurnOptions } from "./turn-options.ts";
