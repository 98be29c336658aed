import { BridgeError, describeError } from "@agent-bridge/core";
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
  /** The caller has another way when the answer is too large. */
  readonly mayBeTooLarge?: true;
  /** How long it may take until its answer has been read, in milliseconds; 30,000 by default. */
  readonly limitMs?: number;
}

/** What the platform answered. */
export interface PlatformAnswer {
  readonly status: number;
  /** The parsed body, an object or a list; undefined when there was none. */
  readonly body: unknown;
  /** It was too large to be read; only where the request allowed for that. */
  readonly isTooLarge?: true;
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

/** The time limit of a request that names none, in milliseconds. */
const requestMs = 30_000;

/** The largest answer that is read, in bytes. */
const maxAnswerBytes = 32 * 1024 * 1024;

const tooLarge = Symbol("too large");

const notSent: Verdict = { effect: "none", retryable: true };
const maybeSent: Verdict = { effect: "unknown", retryable: true };

/** A platform's address without a trailing slash, the same for all ways to write it. */
export function normalUrl(platformUrl: string): string {
  return new URL(platformUrl).href.replace(/\/+$/, "");
}

/** Creates a client. Nothing is sent before the first request. */
export function platformClient(options: PlatformClientOptions): PlatformClient {
  const platformUrl = normalUrl(options.platformUrl);
  return {
    platformUrl,
    request: async (asked) => {
      const fail: Fail = (detail, verdict) =>
        channelFailed({ channel: options.channel, operation: asked.operation, detail, ...verdict });
      if (asked.signal.aborted) throw aborted(asked, fail("it was aborted", notSent));
      const token = await readToken(options.token).catch((error: unknown) => {
        throw fail(describeError(error), notSent);
      });
      const answer = await exchange({ ...options, platformUrl, token, asked, fail });
      if (answer === tooLarge) return { status: 200, body: undefined, isTooLarge: true };
      const hide = (text: string): string => quoted(text.replaceAll(token, "[token]"));
      return judge({ ...answer, asked, channel: options.channel, fail, hide });
    },
  };
}

type Fail = (detail: string, verdict: Verdict) => BridgeError;

interface Exchange extends Omit<PlatformClientOptions, "token"> {
  readonly asked: PlatformRequest;
  readonly fail: Fail;
  readonly token: string;
}

interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/** Sends the request and reads the answer, within the time limit. */
async function exchange(options: Exchange): Promise<RawAnswer | typeof tooLarge> {
  const { asked, fail } = options;
  const { limitMs = requestMs } = asked;
  const limit = new AbortController();
  const timer = options.clock.timer(limitMs, () => {
    limit.abort();
  });
  try {
    const response = await options.fetch(addressOf(options.platformUrl, asked), {
      method: asked.body === undefined ? "GET" : "POST",
      headers: {
        Authorization: `Bearer ${options.token}`,
        Origin: options.platformUrl,
        "Content-Type": "application/json",
      },
      ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
      redirect: "manual",
      signal: AbortSignal.any([asked.signal, limit.signal]),
    });
    return { status: response.status, text: await readText(response) };
  } catch (error) {
    if (limit.signal.aborted) throw fail(`no answer within ${limitMs / 1_000} s`, maybeSent);
    if (asked.signal.aborted) throw aborted(asked, fail("it was aborted", maybeSent));
    if (error === tooLarge) {
      if (asked.mayBeTooLarge === true) return tooLarge;
      throw fail(`the answer has more than ${maxAnswerBytes} bytes`, maybeSent);
    }
    throw fail(networkDetail(error), networkVerdict(error));
  } finally {
    timer.stop();
  }
}

interface Judging extends RawAnswer {
  readonly asked: PlatformRequest;
  readonly channel: string;
  readonly fail: Fail;
  /** Makes a text of the platform fit to be shown: it may quote the token. */
  readonly hide: (text: string) => string;
}

/** Tells an answer from a failure: by its status, by what it says, by what it is. */
function judge({ status, text, asked, channel, fail, hide }: Judging): PlatformAnswer {
  const body = parse(text);
  if (asked.expected?.includes(status) === true) return { status, body };
  if (status < 200 || status > 299) {
    throw fail(`HTTP ${status}${hide(reasonIn(body))}`, statusVerdict(status));
  }
  const failure = failureText(body ?? text, /^error\b/i);
  if (failure !== null) throw fail(hide(failure), textVerdict(failure));
  const isPoll = asked.operation === "receive";
  if (typeof body === "object" && body !== null) return { status, body };
  if (text === "" && !isPoll) return { status, body };
  const detail = `the answer is ${body === undefined ? "not JSON" : "neither object nor list"}`;
  if (!isPoll) throw fail(detail, maybeSent);
  throw new BridgeError("CHANNEL_ANSWER_INVALID", { channel, detail });
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
function reasonIn(body: unknown): string {
  const reason = failureText(body, /^/);
  return reason === null ? "" : `: ${reason}`;
}
