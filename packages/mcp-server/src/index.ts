export { createMcp, type Mcp, type McpConnection, type McpOptions } from "./adapter.ts";
export type { LineStreams } from "./line-transport.ts";
