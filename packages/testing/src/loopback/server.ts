import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { finished } from "node:stream/promises";

/** The largest request body that is read; a larger one is answered with 413 and its connection closed. */
const maxBodyBytes = 32 * 1024 * 1024;

/** One request, read whole. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The parsed body; `undefined` when there is none or it is not JSON. */
  readonly body: unknown;
  readonly response: ServerResponse;
  /** Aborts when the client goes away or the server closes, whichever is first. */
  readonly signal: AbortSignal;
}

/** A server on the loopback interface. */
export interface LoopbackServer extends AsyncDisposable {
  /** The address without a trailing slash. */
  readonly url: string;
  /** Stops listening and cuts every open connection, also those that hang on purpose. */
  close(): Promise<void>;
}

/** Where a test server listens. */
export interface ListenOptions {
  /** Port; 0 (the default) takes a free one. */
  readonly port?: number;
  /** Interface; 127.0.0.1 by default. */
  readonly host?: string;
}

/** Starts a server that hands each request, once read, to `handle`. A handler that throws is answered with 500. */
export async function startLoopback(
  options: ListenOptions,
  handle: (call: Call) => Promise<void>,
): Promise<LoopbackServer> {
  const closing = new AbortController();
  const server = createServer((request, response) => {
    void serve({ request, response, closing: closing.signal }, handle);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closed ??= new Promise((resolve) => {
      closing.abort();
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    }));
  return {
    url: `http://${address.includes(":") ? `[${address}]` : address}:${port}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** Resolves when the client has left or the server closes. */
export async function gone(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly closing: AbortSignal;
}

async function serve(exchange: Exchange, handle: (call: Call) => Promise<void>): Promise<void> {
  const { request, response, closing } = exchange;
  const left = new AbortController();
  response.once("close", () => {
    left.abort();
  });
  const signal = AbortSignal.any([left.signal, closing]);
  try {
    const raw = await readBody(request);
    if (raw === undefined) {
      sendJson(response, 413, { error: `The body is larger than ${maxBodyBytes} bytes.` });
      await finished(response);
      request.destroy();
      return;
    }
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://loopback");
    await handle({
      method: request.method ?? "GET",
      path: decodeURI(pathname),
      query: searchParams,
      headers: request.headers,
      body: parseJson(raw),
      response,
      signal,
    });
  } catch (error) {
    // A client that left, or a server that closes, is no failure of the handler.
    if (signal.aborted || response.headersSent) response.destroy();
    else sendJson(response, 500, { error: String(error) });
  }
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
