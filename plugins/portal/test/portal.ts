import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createBridge,
  systemClock,
  type Bridge,
  type BridgeParts,
  type Clock,
  type Handle,
  type Logger,
} from "@agent-bridge/core";
import {
  portalChat,
  portalLimits,
  PortalSockets,
  socketPath,
  type PortalEvent,
  type PortalLimits,
  type PortalReply,
  type PortalTask,
} from "@agent-bridge/plugin-portal";
import { vi } from "vitest";
import { WebSocket } from "ws";
import { scriptedAgent, type ScriptedAgent } from "./scripted-agent.ts";

/** Whose keys these are. */
export const keys: Readonly<Record<string, string>> = { "key-ann": "ann", "key-bob": "bob" };

/** A bridge with a scripted agent, behind real sockets. */
export interface TestPortal extends AsyncDisposable {
  readonly bridge: Bridge;
  readonly agent: ScriptedAgent;
  readonly sockets: PortalSockets;
  readonly operator: Handle;
  readonly logged: readonly string[];
  /** The address of the socket. */
  readonly url: string;
  /** Connects with a key, or without one. */
  connect(key?: string | null): Promise<Client>;
}

export async function startPortal(
  of: {
    readonly parts?: Partial<BridgeParts>;
    readonly limits?: Partial<PortalLimits>;
    readonly agent?: ScriptedAgent;
    /** Of the sockets. */
    readonly clock?: Clock;
  } = {},
): Promise<TestPortal> {
  const { agent = scriptedAgent() } = of;
  const logged: string[] = [];
  const log = (message: string, data: object = {}): void =>
    void logged.push(
      Object.keys(data).length === 0 ? message : `${message} ${JSON.stringify(data)}`,
    );
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const bridge = createBridge({
    kinds: [portalChat],
    runners: [agent],
    routes: [{ kind: portalChat.name, from: "*", runner: agent.name }],
    logger,
    ...of.parts,
  });
  await bridge.start();
  const authenticate = (key: string): Handle | undefined => {
    const id = Object.hasOwn(keys, key) ? keys[key] : undefined;
    return id === undefined ? undefined : bridge.as({ type: "client", id });
  };
  const sockets = new PortalSockets({
    limits: { ...portalLimits, ...of.limits },
    sockets: 2_000,
    version: "1.0.0",
    clock: of.clock ?? systemClock(),
    logger,
    authenticate,
  });
  const server = createServer();
  server.on("upgrade", (request, socket, head) => {
    const key = request.headers.authorization?.replace("Bearer ", "");
    const handle = key === undefined ? undefined : authenticate(key);
    sockets.upgrade(request, { socket, head, handle });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}${socketPath}`;
  const clients: Client[] = [];
  return {
    bridge,
    agent,
    sockets,
    operator: bridge.as({ type: "operator" }),
    logged,
    url,
    connect: async (key = "key-ann") => {
      const client = await Client.open(url, key);
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      await sockets[Symbol.asyncDispose]();
      await bridge.stop();
      for (const client of clients) client.cut();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Message = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A client that remembers everything that it was told. */
export class Client {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  #count = 0;

  constructor(url: string, key: string | null) {
    const headers = key === null ? {} : { authorization: `Bearer ${key}` };
    this.socket = new WebSocket(url, { headers });
    this.socket.on("message", (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as Message);
    });
    this.socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    this.socket.on("error", () => undefined);
  }

  static async open(url: string, key: string | null): Promise<Client> {
    const client = new Client(url, key);
    await once(client.socket, "open");
    return client;
  }

  /** Sends a request and gives the result of its reply. */
  async ask<T = Record<string, unknown>>(request: object): Promise<T> {
    const { result, error } = await this.reply(request);
    if (error !== undefined) throw new Error(`${error.code}: ${error.message}`);
    return result as T;
  }

  /** Sends a request and gives its reply. */
  async reply(request: object): Promise<PortalReply> {
    const id = `r${++this.#count}`;
    this.send({ id, ...request });
    return (await this.until(
      (message) => message.type === "reply" && message["id"] === id,
    )) as unknown as PortalReply;
  }

  /** Waits until the server has closed the socket. */
  async closing(): Promise<{ readonly code: number; readonly reason: string }> {
    return await vi.waitUntil(() => this.closed, { timeout: 15_000, interval: 5 });
  }

  send(message: object | string): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Waits for the first message that is so. */
  async until(is: (message: Message) => boolean): Promise<Message> {
    return await vi.waitUntil(() => this.messages.find(is), { timeout: 15_000, interval: 5 });
  }

  /** Gives a message to the agent. */
  async chat(message: string, more: object = {}): Promise<PortalTask> {
    const { task } = await this.ask<{ task: PortalTask }>({ type: "chat", message, ...more });
    return task;
  }

  /** Waits until a task has ended and been told so. */
  async end(taskId: string): Promise<PortalTask> {
    const message = await this.until(({ type, taskId: of }) => type === "end" && of === taskId);
    return message["task"] as PortalTask;
  }

  /** What was told of a task, or of all. */
  events(taskId?: string): readonly PortalEvent[] {
    return this.messages
      .filter(({ type }) => type === "event")
      .map(({ event }) => event as PortalEvent)
      .filter((event) => taskId === undefined || event.taskId === taskId);
  }

  types(taskId: string): readonly string[] {
    return this.events(taskId).map(({ type }) => type);
  }

  async close(): Promise<void> {
    if (this.closed !== undefined) return;
    this.socket.close();
    await vi.waitUntil(() => this.closed, { timeout: 5_000, interval: 5 });
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.socket.terminate();
  }
}
