export { portalPlugin, portalPlugin as default } from "./plugin.ts";
export { portalOptionsSchema, type PortalOptions } from "./plugin-options.ts";
export { pagePath, sessionPath, socketPath } from "./paths.ts";
export { portalChat } from "./kind.ts";
export { PortalSockets, type PortalSocketsOptions } from "./portal-sockets.ts";
export { builtPage, pageFiles } from "./page-files.ts";
export { portalLimits, type PortalLimits } from "./portal-session.ts";
export {
  closeCodes,
  eventSchema,
  pushSchema,
  replySchema,
  requestSchema,
  taskSchema,
  type PortalEvent,
  type PortalPush,
  type PortalReply,
  type PortalRequest,
  type PortalTask,
} from "./protocol.ts";
