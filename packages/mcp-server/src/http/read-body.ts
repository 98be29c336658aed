import type { IncomingMessage } from "node:http";
import { isBridgeError, type Json, parseJson } from "@agent-bridge/core";
import type { RefusalReason } from "./refusal.ts";
import { maxMessageBytes, maxMessageDepth } from "../line-transport.ts";

/** How many messages an old client may put into one request. */
const maxBatch = 50;

const jsonType = /^application\/json\s*(?:;|$)/i;

/** What speaks against a body before it is read. */
export function bodyProblem({ method, headers }: IncomingMessage): RefusalReason | undefined {
  if (method !== "POST") return "method";
  if (!jsonType.test(headers["content-type"] ?? "")) return "type";
  if (headers["content-encoding"] !== undefined) return "type";
  return Number(headers["content-length"] ?? 0) > maxMessageBytes ? "size" : undefined;
}

/** Reads a body, but not more of it than is taken. */
export async function readBody(
  request: IncomingMessage,
): Promise<{ readonly body: Json } | { readonly refused: RefusalReason }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxMessageBytes) return { refused: "size" };
    chunks.push(chunk);
  }
  try {
    const body = parseJson("The body", Buffer.concat(chunks), maxMessageDepth);
    const isLongBatch = Array.isArray(body) && body.length > maxBatch;
    return isLongBatch ? { refused: "batch" } : { body };
  } catch (error) {
    if (isBridgeError(error, "INPUT_TOO_DEEP")) return { refused: "depth" };
    if (isBridgeError(error)) return { refused: "json" };
    throw error;
  }
}
