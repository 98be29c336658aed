import { definePlugin, pluginApi, type Plugin } from "@agent-bridge/core";
import { portalChat } from "./kind.ts";
import { portalOptionsSchema, type PortalOptions } from "./plugin-options.ts";
import { portalSurface } from "./surface.ts";
import { portalVersion } from "./version.ts";

/** A chat with agents in the browser, on tasks that outlive their socket. */
export const portalPlugin: Plugin<PortalOptions> = definePlugin({
  name: "portal",
  version: portalVersion,
  api: pluginApi,
  options: portalOptionsSchema,
  kinds: [portalChat],
  create: (options, context) => ({ surfaces: [portalSurface(options, context)] }),
  exampleRoutes: [{ kind: "portal.chat", from: ["operator"], runner: "codex" }],
});
