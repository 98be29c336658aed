import type { IncomingMessage, ServerResponse } from "node:http";

/** A web request with the head of a Node request. Its body was read before; it aborts with the signal. */
export function webRequest(request: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // Only the gate reads it: nothing behind it has a use for the token.
    if (name === "authorization" || value === undefined) continue;
    for (const one of [value].flat()) headers.append(name, one);
  }
  const url = `http://${request.headers.host ?? "localhost"}${request.url ?? "/"}`;
  return new Request(url, { method: request.method ?? "POST", headers, signal });
}

/** Resolves when the client takes more, or has gone. */
async function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once("drain", resolve);
  response.once("close", resolve);
  await promise;
  response.off("drain", resolve);
  response.off("close", resolve);
}

const isStream = ({ headers }: Response): boolean =>
  headers.get("content-type")?.startsWith("text/event-stream") === true;

/** Writes a web response, no faster than the client reads it. */
export async function writeWebResponse(response: ServerResponse, web: Response): Promise<void> {
  response.writeHead(web.status, {
    "cache-control": "no-store",
    ...Object.fromEntries(web.headers),
  });
  if (web.body === null || !isStream(web)) {
    response.end(Buffer.from(await web.arrayBuffer()));
    return;
  }
  const reader = web.body.getReader();
  try {
    response.flushHeaders();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (response.destroyed) break;
      if (!response.write(next.value)) await drained(response);
    }
  } finally {
    await reader.cancel();
    response.end();
  }
}
