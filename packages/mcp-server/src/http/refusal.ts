import type { ServerResponse } from "node:http";

/** How a request is refused before the protocol begins. */
export interface Refusal {
  readonly status: number;
  /** JSON-RPC's code, for clients that read no status. */
  readonly code: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const refused = -32_000;
const parseError = -32_700;

const authenticateHeader = { "www-authenticate": 'Bearer realm="agent-bridge"' };

/** Every reason to refuse a request, in the order in which they are looked at. */
export const refusals = {
  host: { status: 403, code: refused, message: "This host is not served." },
  origin: { status: 403, code: refused, message: "This origin is not allowed." },
  token: {
    status: 401,
    code: refused,
    message: "Send a bearer token that the bridge knows.",
    headers: authenticateHeader,
  },
  path: { status: 404, code: refused, message: "There is nothing here." },
  method: {
    status: 405,
    code: refused,
    message: "Only POST is answered here.",
    headers: { allow: "POST" },
  },
  type: { status: 415, code: refused, message: "Send application/json." },
  busy: {
    status: 429,
    code: refused,
    message: "Too many requests are open. Wait for some to end.",
  },
  size: { status: 413, code: refused, message: "The body has more than 1 MiB." },
  depth: { status: 400, code: parseError, message: "The body is nested deeper than 64 levels." },
  json: { status: 400, code: parseError, message: "The body is not JSON." },
  batch: { status: 400, code: parseError, message: "The batch has more than 50 messages." },
} as const satisfies Record<string, Refusal>;

export type RefusalReason = keyof typeof refusals;

/** Answers a refusal. What the client still sends is not read: the connection ends with it. */
export function refuse(response: ServerResponse, reason: RefusalReason): void {
  const { status, code, message, headers }: Refusal = refusals[reason];
  const body = JSON.stringify({ jsonrpc: "2.0", error: { code, message }, id: null });
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    connection: "close",
    ...headers,
  });
  response.end(body);
}
