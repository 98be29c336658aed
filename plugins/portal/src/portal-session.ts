import {
  BridgeError,
  describeError,
  isBridgeError,
  parseJson,
  type ErrorCode,
  type Handle,
  type Logger,
} from "@agent-bridge/core";
import { answers, type AnsweredType, type Attachments } from "./answers.ts";
import { noteDenial } from "./denial.ts";
import {
  closeCodes,
  requestSchema,
  type PortalPush,
  type PortalReply,
  type PortalRequest,
} from "./protocol.ts";
import { eventMessage } from "./event-message.ts";
import { WatchedTasks } from "./watched-tasks.ts";

/** The socket as a session uses it. */
export interface PortalSocket {
  /** Waits until there is room, then hands the message over: whoever waits for it buffers nothing. Rejects when the socket is gone, or the signal has aborted. */
  send(message: string | Uint8Array, signal?: AbortSignal): Promise<void>;
  close(code: number, reason: string): void;
}

/** What every session of a portal shares. */
export interface PortalLimits {
  /** Requests that are worked on at once; more of them wait. */
  readonly concurrency: number;
  /** Requests that wait; beyond them each is refused. */
  readonly waiting: number;
  /** Refusals without an answered request between them after which the socket floods, and is closed. */
  readonly refusals: number;
  /** Tasks that one socket watches at once. */
  readonly attached: number;
  readonly requestBytes: number;
  readonly messageBytes: number;
}

/** The limits unless a test sets others. */
export const portalLimits: PortalLimits = {
  concurrency: 16,
  waiting: 1_000,
  refusals: 2_000,
  attached: 200,
  requestBytes: 1024 * 1024,
  messageBytes: 256 * 1024,
};

/** How deep a request may be nested. */
const maxDepth = 64;
/** How many of its past requests a session knows by their ids: more than can be under way. */
const rememberedIds = 2_000;
/** What is told of what is wrong with a request: it may quote the request, which may be long. */
const detailLength = 300;

export interface SessionSetup {
  readonly socket: PortalSocket;
  /** Whose key this is; undefined for nobody. */
  readonly authenticate: (key: string) => Handle | undefined;
  /** Who it is already known to be, by a header or a cookie; undefined: the first message must say. */
  readonly handle: Handle | undefined;
  readonly version: string;
  readonly limits: PortalLimits;
  readonly logger: Logger;
}

/**
 * One socket's session: each request has one reply, a task's events follow until its end. The end of the session ends
 * nothing but the watching.
 */
export class PortalSession {
  readonly #setup: SessionSetup;
  readonly #ended = new AbortController();
  readonly #waiting: PortalRequest[] = [];
  readonly #ids = new Set<string>();
  readonly #watched: WatchedTasks;
  #handle: Handle | undefined;
  #running = 0;
  #refusals = 0;

  constructor(setup: SessionSetup) {
    this.#setup = setup;
    const { attached: limit } = setup.limits;
    this.#watched = new WatchedTasks({
      limit,
      send: async (push) => await this.#send(push),
      sendEvent: async (event, signal) => await setup.socket.send(eventMessage(event), signal),
      errorOf: (error) => this.#wireError(error),
    });
    if (setup.handle !== undefined) this.#welcome(setup.handle);
  }

  /** True once it is known who asks. */
  get isAuthenticated(): boolean {
    return this.#handle !== undefined;
  }

  /** Takes one message. Never throws. */
  receive(bytes: Uint8Array): void {
    if (this.#ended.signal.aborted) return;
    const request = this.#read(bytes);
    if (request === undefined) return;
    if (request.type === "authenticate") return this.#authenticate(request);
    if (this.#handle === undefined) return this.#turnAway("Authenticate first.");
    if (this.#waiting.length >= this.#setup.limits.waiting) {
      const { waiting: limit } = this.#setup.limits;
      const what = "requests that wait on this socket";
      return this.#refuse(request.id, new BridgeError("QUOTA_EXCEEDED", { what, limit }));
    }
    this.#waiting.push(request);
    this.#next();
  }

  /** Tells the client of a message that was not even read. */
  refuse(error: BridgeError): void {
    this.#refuse(undefined, error);
  }

  /** Tells the client that the bridge stops, and closes. */
  stop(): void {
    this.#push({ type: "stopping" });
    this.#setup.socket.close(
      closeCodes.goingAway,
      "The bridge stops. Tasks go on with its next start.",
    );
    this.end();
  }

  /** Ends everything that the session does. The tasks go on. */
  end(): void {
    this.#ended.abort(new Error("The socket is closed."));
    this.#waiting.length = 0;
    this.#watched.end();
  }

  #read(bytes: Uint8Array): PortalRequest | undefined {
    let value: unknown;
    try {
      value = parseJson("The message", bytes, maxDepth);
    } catch (error) {
      this.#refuse(undefined, error);
      return undefined;
    }
    const parsed = requestSchema.safeParse(value);
    const id = idOf(value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const where = issue?.path.map(String).join(".") ?? "";
      const detail = `${where} ${issue?.message ?? ""}`.trim().slice(0, detailLength);
      this.#refuse(id, new BridgeError("INPUT_INVALID", { what: "The request", detail }));
      return undefined;
    }
    if (this.#ids.has(parsed.data.id)) {
      const detail = "its id was used before on this socket.";
      this.#refuse(id, new BridgeError("INPUT_INVALID", { what: "The request", detail }));
      return undefined;
    }
    this.#remember(parsed.data.id);
    return parsed.data;
  }

  #remember(id: string): void {
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > rememberedIds && oldest !== undefined) this.#ids.delete(oldest);
  }

  #authenticate({ id, key }: Extract<PortalRequest, { type: "authenticate" }>): void {
    if (this.#handle !== undefined) {
      const detail = "it is known already who asks. Open another socket for somebody else.";
      return this.#refuse(id, new BridgeError("INPUT_INVALID", { what: "The request", detail }));
    }
    const handle = this.#setup.authenticate(key);
    if (handle === undefined) {
      this.#setup.logger.warn("Denied", { who: "nobody", what: "its key", code: "NOT_ALLOWED" });
      return this.#turnAway("The key is not known.");
    }
    this.#reply({ type: "reply", id, result: {} });
    this.#welcome(handle);
  }

  #turnAway(reason: string): void {
    this.#setup.socket.close(closeCodes.unauthenticated, reason);
    this.end();
  }

  #welcome(handle: Handle): void {
    this.#handle = handle;
    const { principal } = handle;
    const { version, limits } = this.#setup;
    const { messageBytes, requestBytes } = limits;
    this.#push({
      type: "welcome",
      principal: principal.type === "client" ? `client:${principal.id}` : principal.type,
      version,
      limits: { messageBytes, requestBytes },
    });
  }

  #next(): void {
    const handle = this.#handle;
    while (handle !== undefined && this.#running < this.#setup.limits.concurrency) {
      const request = this.#waiting.shift();
      if (request === undefined || request.type === "authenticate") return;
      this.#running++;
      void this.#answer(handle, request).finally(() => {
        this.#running--;
        this.#next();
      });
    }
  }

  async #answer(
    handle: Handle,
    request: Extract<PortalRequest, { type: AnsweredType }>,
  ): Promise<void> {
    const { id } = request;
    const after: (() => void)[] = [];
    const attachments = {
      attach: (taskId: string, cursor: string | null) =>
        void after.push(() => this.#watched.attach(handle, taskId, cursor)),
      detach: (taskId: string) => this.#watched.detach(taskId),
    };
    const reply = await this.#replyTo({ handle, request, attachments });
    try {
      // Not the next request before this one's reply has room: who asks and does not read, waits.
      await this.#send({ id, ...reply });
    } catch (error) {
      return this.#noteUnsent(error);
    }
    this.#refusals = 0;
    for (const begin of after) begin();
  }

  async #replyTo(asked: {
    readonly handle: Handle;
    readonly request: Extract<PortalRequest, { type: AnsweredType }>;
    readonly attachments: Attachments;
  }): Promise<Omit<PortalReply, "id">> {
    const answer = answers[asked.request.type] as (asked: object) => Promise<unknown>;
    try {
      return { type: "reply", result: await answer(asked) };
    } catch (error) {
      noteDenial(this.#setup.logger, asked, error);
      return { type: "reply", error: this.#wireError(error) };
    }
  }

  #refuse(id: string | undefined, error: unknown): void {
    if (this.#handle === undefined) return this.#turnAway("Authenticate first.");
    const { code, message, retryable } = this.#wireError(error);
    if (++this.#refusals > this.#setup.limits.refusals) {
      this.#setup.socket.close(closeCodes.policy, "Too many requests that could not be taken.");
      return this.end();
    }
    if (id === undefined) this.#push({ type: "error", error: { code, message } });
    else this.#reply({ type: "reply", id, error: { code, message, retryable } });
  }

  #wireError(error: unknown): { code: ErrorCode; message: string; retryable: boolean } {
    if (isBridgeError(error)) {
      const { code, message, retryable } = error;
      return { code, message, retryable };
    }
    this.#setup.logger.error("A request failed", { error: describeError(error) });
    return this.#wireError(new BridgeError("INTERNAL", { detail: "see the log" }));
  }

  #reply(reply: PortalReply): void {
    this.#forget(this.#send(reply));
  }

  #push(push: PortalPush): void {
    this.#forget(this.#send(push));
  }

  async #send(message: PortalPush | PortalReply): Promise<void> {
    await this.#setup.socket.send(JSON.stringify(message));
  }

  #forget(sent: Promise<void>): void {
    sent.catch((error: unknown) => this.#noteUnsent(error));
  }

  /** Of a message that could not be sent the socket's end tells; there is nobody left to tell. */
  #noteUnsent(error: unknown): void {
    this.#setup.logger.debug("A message was not sent", { error: describeError(error) });
  }
}

/** The id of a request that is otherwise not valid. */
function idOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { id } = value as { readonly id?: unknown };
  return typeof id === "string" && id.length > 0 && id.length <= 64 ? id : undefined;
}
