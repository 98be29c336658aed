import type { ToolCall } from "./tool.ts";

/** Notes a cursor that was read, for calls that the store leaves without one. */
export function noteCursor({ newest }: Pick<ToolCall, "newest">, cursor: string): string {
  newest.cursor = cursor;
  return cursor;
}

/** The end of the log as it is now. */
export async function readHead(call: Pick<ToolCall, "handle" | "newest">): Promise<string> {
  return noteCursor(call, await call.handle.head());
}
