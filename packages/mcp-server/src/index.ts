export { createMcp, type Mcp, type McpConnection, type McpOptions } from "./adapter.ts";
export type { LineStreams } from "./line-transport.ts";
export {
  type Authenticate,
  type EndpointOptions,
  type HttpHandler,
  mcpEndpoint,
  mcpListener,
} from "./http/endpoint.ts";
export {
  hostGate,
  hostProblem,
  type HostGateOptions,
  loopbackNames,
  noteRefusal,
} from "./http/host-gate.ts";
export { refusals, refuse, type RefusalReason } from "./http/refusal.ts";
