import { BridgeError } from "@agent-bridge/core";
import type * as z from "zod";

/** What a schema has to say against something that came over the socket. */
export function invalid(what: string, error: z.ZodError): BridgeError {
  const detail = error.issues
    .map(
      ({ path, message }) =>
        `${path.length > 0 ? `${path.map(String).join(".")}: ` : ""}${message}`,
    )
    .join("; ");
  return new BridgeError("INPUT_INVALID", { what, detail });
}
