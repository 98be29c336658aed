import { BridgeError } from "@agent-bridge/core";
import type { ChannelFailure, Clock } from "@agent-bridge/core";
import {
  channelFailed,
  failureText,
  networkDetail,
  networkVerdict,
  quoted,
  statusVerdict,
  textVerdict,
} from "./failure.ts";
import type { Verdict } from "./failure.ts";
import { readToken } from "./token.ts";
import type { TokenSource } from "./token.ts";

/** The part of `fetch` that is used here. */
export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

/** Which platform, in whose name. */
export interface PlatformClientOptions {
  /** The channel's name, for errors. */
  readonly channel: string;
  readonly platformUrl: string;
  readonly token: TokenSource;
  readonly clock: Clock;
  readonly fetch: Fetch;
}

/** One request to the platform. */
export interface PlatformRequest {
  readonly operation: ChannelFailure["operation"];
  /** The path's segments, not yet encoded. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON with POST; without it the request is a GET. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** Statuses besides 2xx that the caller handles itself. */
  readonly expected?: readonly number[];
}

/** What the platform answered. */
export interface PlatformAnswer {
  readonly status: number;
  /** The parsed body, an object or a list; undefined when there was none. */
  readonly body: unknown;
}

/** The platform's HTTP interface as one workspace uses it. */
export interface PlatformClient {
  /** The platform's address without a trailing slash. */
  readonly platformUrl: string;
  /**
   * Sends one request and reads its answer whole.
   *
   * @throws BridgeError CHANNEL_FAILED for a failure of any kind, also one that is told in a body of status 200
   * @throws BridgeError CHANNEL_ANSWER_INVALID when a `receive` is answered with neither a JSON object nor a list
   * @throws the signal's reason when a `receive` is aborted
   */
  request(request: PlatformRequest): Promise<PlatformAnswer>;
}

/** How long a request may take until its answer has been read, in milliseconds. */
const requestMs = 30_000;

/** The largest answer that is read, in bytes. */
const maxAnswerBytes = 32 * 1024 * 1024;

const timedOut = Symbol("timed out");
const tooLarge = Symbol("too large");

/** Creates a client. Nothing is sent before the first request. */
export function platformClient(options: PlatformClientOptions): PlatformClient {
  const platformUrl = new URL(options.platformUrl).href.replace(/\/+$/, "");

  const request = async (asked: PlatformRequest): Promise<PlatformAnswer> => {
    const fail = (detail: string, verdict: Verdict): BridgeError =>
      channelFailed({ channel: options.channel, operation: asked.operation, detail, ...verdict });
    const notSent: Verdict = { effect: "none", retryable: true };
    if (asked.signal.aborted) throw aborted(asked, fail("it was aborted", notSent));
    const token = await readToken(options.token).catch((error: unknown) => {
      throw fail(error instanceof Error ? error.message : String(error), notSent);
    });
    const hide = (text: string): string => quoted(text.replaceAll(token, "[token]"));
    const { status, text } = await exchange(asked, token, fail);
    const isExpected = asked.expected?.includes(status) ?? false;
    if (!isExpected && (status < 200 || status > 299)) {
      throw fail(`HTTP ${status}${hide(reasonIn(text))}`, statusVerdict(status));
    }
    const body = parse(text);
    if (isExpected) return { status, body };
    const failure = failureText(body ?? text, /^error\b/i);
    if (failure !== null) throw fail(hide(failure), textVerdict(failure));
    const isEmpty = text === "" && asked.operation !== "receive";
    if (isEmpty || (typeof body === "object" && body !== null)) return { status, body };
    const detail = `the answer is ${body === undefined ? "not JSON" : "neither object nor list"}`;
    if (asked.operation !== "receive") throw fail(detail, { effect: "unknown", retryable: true });
    throw new BridgeError("CHANNEL_ANSWER_INVALID", { channel: options.channel, detail });
  };

  type Fail = (detail: string, verdict: Verdict) => BridgeError;

  const exchange = async (
    asked: PlatformRequest,
    token: string,
    fail: Fail,
  ): Promise<{ status: number; text: string }> => {
    const limit = new AbortController();
    const timer = options.clock.timer(requestMs, () => {
      limit.abort(timedOut);
    });
    try {
      const response = await options.fetch(addressOf(platformUrl, asked), {
        method: asked.body === undefined ? "GET" : "POST",
        headers: {
          Authorization: `Bearer ${token}`,
          Origin: platformUrl,
          "Content-Type": "application/json",
        },
        ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
        redirect: "manual",
        signal: AbortSignal.any([asked.signal, limit.signal]),
      });
      return { status: response.status, text: await readText(response) };
    } catch (error) {
      const unknown: Verdict = { effect: "unknown", retryable: true };
      if (limit.signal.aborted) throw fail(`no answer within ${requestMs / 1_000} s`, unknown);
      if (asked.signal.aborted) throw aborted(asked, fail("it was aborted", unknown));
      if (error === tooLarge) {
        throw fail(`the answer has more than ${maxAnswerBytes} bytes`, unknown);
      }
      throw fail(networkDetail(error), networkVerdict(error));
    } finally {
      timer.stop();
    }
  };

  return { platformUrl, request };
}

/** An aborted poll ends with the signal's reason; what was to be changed has an effect to tell. */
function aborted({ operation, signal }: PlatformRequest, failure: BridgeError): unknown {
  return operation === "receive" ? signal.reason : failure;
}

function addressOf(platformUrl: string, { path, query }: PlatformRequest): URL {
  const url = new URL(`${platformUrl}/${path.map(encodeURIComponent).join("/")}`);
  url.search = new URLSearchParams(query).toString();
  return url;
}

/** Reads a body up to the limit. @throws `tooLarge` */
async function readText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let size = 0;
  let text = "";
  // Leaving the loop early cancels the body and so frees the connection.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxAnswerBytes) throw tooLarge;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The reason that an error answer gives, as the end of a sentence. */
function reasonIn(text: string): string {
  const reason = failureText(parse(text), /^/);
  return reason === null ? "" : `: ${reason}`;
}
