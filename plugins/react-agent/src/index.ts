export { reactPlugin, reactPlugin as default } from "./plugin.ts";
export { reactOptionsSchema, type ReactOptions, type ToolServer } from "./plugin-options.ts";
export { reactRunner } from "./react-runner.ts";
export { reactTurnOptionsSchema, type ReactTurnOptions } from "./turn-options.ts";
