import { isDenial, ownerOf, type Handle, type Logger } from "@agent-bridge/core";
import type { PortalRequest } from "./protocol.ts";

/** Leaves one line for a request that was kept from what is not its principal's: who, what, which task. */
export function noteDenial(
  logger: Logger,
  { handle, request }: { readonly handle: Handle; readonly request: PortalRequest },
  error: unknown,
): void {
  if (!isDenial(error)) return;
  const taskId = "taskId" in request ? { taskId: request.taskId } : {};
  const facts = { who: ownerOf(handle.principal), what: request.type, ...taskId };
  logger.warn("Denied", { ...facts, code: error.code });
}
