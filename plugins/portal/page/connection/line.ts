import { closeCodes } from "../../src/close-codes.ts";
import type { Asked, PortalPush, RequestName, Results } from "../state/wire.ts";
import { retryMs } from "./backoff.ts";

/** What a socket tells of itself. */
export interface SocketListener {
  opened(): void;
  heard(text: string): void;
  /** Last of all, once. */
  closed(end: { readonly code: number; readonly reason: string }): void;
}

/** A WebSocket, as far as it is used. */
export interface LineSocket {
  send(text: string): void;
  close(): void;
}

/** What a line is made of; `later` gives what calls it off. */
export interface LineParts {
  readonly open: (listener: SocketListener) => LineSocket;
  readonly later: (ms: number, call: () => void) => () => void;
  readonly now: () => number;
  readonly random: () => number;
  readonly onPush: (push: PortalPush) => void;
  readonly onPhase: (phase: LinePhase) => void;
}

export type LinePhase =
  | { readonly phase: "connecting" | "open" }
  | { readonly phase: "waiting"; readonly retryAt: number; readonly isStopping: boolean }
  | { readonly phase: "signed-out"; readonly reason: string | null };

/** A request that was refused: the bridge's own words. */
export class Refused extends Error {
  readonly code: string;

  constructor(error: { readonly code: string; readonly message: string }) {
    super(error.message);
    this.code = error.code;
  }
}

/** A request whose reply was not heard: whether it was taken is not known. */
export class LineLost extends Error {
  constructor() {
    super("The connection to the bridge was lost.");
  }
}

/** A connection that was open for so long begins to count its failures anew. */
const steadyMs = 10_000;

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The connection to the bridge: it comes back by itself until nobody is known here any more. */
export class Line {
  readonly #parts: LineParts;
  readonly #pending = new Map<string, Pending>();
  #socket: LineSocket | undefined;
  #callOff: (() => void) | undefined;
  #key: string | null = null;
  #isOpen = false;
  #isStopping = false;
  #openedAt = 0;
  #failures = 0;
  #count = 0;

  constructor(parts: LineParts) {
    this.#parts = parts;
  }

  /** Connects now: with the cookie, or with a key that is only held here. */
  connect(key: string | null = this.#key): void {
    this.#key = key;
    this.#callOff?.();
    this.#drop();
    this.#parts.onPhase({ phase: "connecting" });
    const isMine = (): boolean => this.#socket === socket;
    const socket: LineSocket = this.#parts.open({
      opened: () => {
        if (isMine()) this.#introduce();
      },
      heard: (text) => {
        if (isMine()) this.#receive(text);
      },
      closed: (end) => {
        if (isMine()) this.#lost(end);
      },
    });
    this.#socket = socket;
  }

  /** Does not wait any longer for the next try. */
  hurry(): void {
    if (this.#socket === undefined && this.#callOff !== undefined) this.connect();
  }

  /**
   * Asks, and gives the result of the reply.
   *
   * @throws Refused with what the bridge says, LineLost when no reply was heard
   */
  async ask<N extends RequestName>(type: N, asked: Asked<N>): Promise<Results[N]> {
    if (!this.#isOpen) throw new LineLost();
    return (await this.#request(type, asked)) as Results[N];
  }

  /** Ends it for good. */
  end(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#drop();
  }

  async #request(type: string, asked: object): Promise<unknown> {
    const id = `p${++this.#count}`;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { resolve, reject });
    this.#socket?.send(JSON.stringify({ type, id, ...asked }));
    return await promise;
  }

  /** Says who this is; with nothing but a cookie any request shows whether the bridge knows it. */
  #introduce(): void {
    const first =
      this.#key === null
        ? this.#request("describe", {})
        : this.#request("authenticate", { key: this.#key });
    // How it ended is told by the welcome, or by the socket's end.
    first.catch(() => undefined);
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as
      | PortalPush
      | {
          readonly type: "reply";
          readonly id: string;
          readonly result?: unknown;
          readonly error?: { readonly code: string; readonly message: string };
        };
    if (message.type === "reply") {
      const pending = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if (message.error === undefined) pending?.resolve(message.result);
      else pending?.reject(new Refused(message.error));
      return;
    }
    if (message.type === "stopping") this.#isStopping = true;
    if (message.type === "welcome") {
      this.#isOpen = true;
      this.#isStopping = false;
      this.#openedAt = this.#parts.now();
    }
    this.#parts.onPush(message);
    if (message.type === "welcome") this.#parts.onPhase({ phase: "open" });
  }

  #lost({ code, reason }: { readonly code: number; readonly reason: string }): void {
    const wasSteady = this.#isOpen && this.#parts.now() - this.#openedAt >= steadyMs;
    this.#failures = wasSteady ? 0 : this.#failures;
    this.#drop();
    if (code === closeCodes.unauthenticated) {
      const wasKey = this.#key !== null;
      this.#key = null;
      this.#parts.onPhase({ phase: "signed-out", reason: wasKey ? reason : null });
      return;
    }
    const ms = retryMs(this.#failures++, this.#parts.random());
    const retryAt = this.#parts.now() + ms;
    this.#callOff = this.#parts.later(ms, () => this.connect());
    const isStopping = this.#isStopping || code === closeCodes.goingAway;
    this.#parts.onPhase({ phase: "waiting", retryAt, isStopping });
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isOpen = false;
    socket?.close();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new LineLost());
  }
}
