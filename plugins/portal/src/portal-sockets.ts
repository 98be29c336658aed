import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import {
  BridgeError,
  describeError,
  type Clock,
  type Handle,
  type Logger,
} from "@agent-bridge/core";
import { WebSocketServer, type WebSocket } from "ws";
import { PortalSession, type PortalLimits } from "./portal-session.ts";
import { closeCodes } from "./protocol.ts";
import { answerPings, bytesOf, keepAlive, portalSocket } from "./web-socket.ts";

/** How long a socket without a key or a cookie has to say who it is. */
const authenticateMs = 10_000;

/** How many sockets there may be of which it is not known yet who they are. */
const maxStrangers = 100;

/** A message above the limit is refused and the socket lives; above this one it is cut off unread. */
const largestMessageFactor = 16;

/** How long sockets are given to take their last messages. */
const closeMs = 2_000;

export interface PortalSocketsOptions {
  readonly limits: PortalLimits;
  /** How many sockets there may be at once. */
  readonly sockets: number;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whose key this is; undefined for nobody. */
  readonly authenticate: (key: string) => Handle | undefined;
}

/** The sockets of a portal. Disposed, it tells each that the bridge stops, and waits for them to close. */
export class PortalSockets implements AsyncDisposable {
  readonly #options: PortalSocketsOptions;
  readonly #server: WebSocketServer;
  readonly #sessions = new Map<WebSocket, PortalSession>();
  #isClosed = false;

  constructor(options: PortalSocketsOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: options.limits.requestBytes * largestMessageFactor,
      // Compression costs memory for each socket, and answers over loopback need none.
      perMessageDeflate: false,
      autoPong: false,
    });
  }

  /** How many there are. */
  get count(): number {
    return this.#sessions.size;
  }

  /** What waits in all of them to be taken, in bytes. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const socket of this.#sessions.keys()) bytes += socket.bufferedAmount;
    return bytes;
  }

  /** Takes over an upgrade that has passed the host's checks. @param handle who it is, where that is known */
  upgrade(
    request: IncomingMessage,
    { socket, head, handle }: { socket: Duplex; head: Buffer; handle: Handle | undefined },
  ): void {
    const isFull = this.#sessions.size >= this.#options.sockets;
    if (this.#isClosed || isFull || (handle === undefined && this.#strangers >= maxStrangers)) {
      socket.end("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n\r\n");
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (accepted) =>
      this.#open(accepted, socket, handle),
    );
  }

  get #strangers(): number {
    return [...this.#sessions.values()].filter(({ isAuthenticated }) => !isAuthenticated).length;
  }

  #open(socket: WebSocket, stream: Duplex, handle: Handle | undefined): void {
    const { limits, version, clock, logger, authenticate } = this.#options;
    const session = new PortalSession({
      socket: portalSocket(socket, stream),
      handle,
      authenticate,
      limits,
      version,
      logger,
    });
    this.#sessions.set(socket, session);
    const alive = keepAlive(socket, stream, clock);
    answerPings(socket);
    const late = clock.timer(authenticateMs, () => {
      if (!session.isAuthenticated)
        socket.close(closeCodes.unauthenticated, "Nobody said who this is.");
    });
    socket.on("message", (data, isBinary) => {
      const bytes = bytesOf(data);
      if (isBinary) socket.close(closeCodes.policy, "Only texts are taken.");
      else if (bytes.length > limits.requestBytes)
        session.refuse(
          new BridgeError("INPUT_TOO_LARGE", {
            what: "The request",
            bytes: bytes.length,
            limitBytes: limits.requestBytes,
          }),
        );
      else session.receive(bytes);
    });
    socket.on("error", (error) => logger.debug("A socket failed", { error: describeError(error) }));
    socket.once("close", () => {
      late.stop();
      alive[Symbol.dispose]();
      session.end();
      this.#sessions.delete(socket);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const closed = [...this.#sessions.keys()].map(
      async (socket) => await new Promise<void>((resolve) => void socket.once("close", resolve)),
    );
    for (const session of this.#sessions.values()) session.stop();
    const late = this.#options.clock.timer(closeMs, () => {
      for (const socket of this.#sessions.keys()) socket.terminate();
    });
    await Promise.all(closed);
    late.stop();
    this.#server.close();
  }
}
