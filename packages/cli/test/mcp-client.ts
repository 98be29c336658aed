import { vi } from "vitest";
import type { Home, RunOptions, Started } from "./home.ts";

/** An answer of the front's, as it stands on its stdout. */
export interface Answer {
  readonly id: unknown;
  readonly result?: {
    readonly isError?: boolean;
    readonly structuredContent?: Readonly<Record<string, unknown>>;
  };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** A front with a client that writes what it likes. */
export class McpClient {
  readonly front: Started;
  #nextId = 1;

  constructor(home: Home, args: readonly string[] = [], options: RunOptions = {}) {
    this.front = home.start(["mcp", ...args], { ...options, input: null });
  }

  /** Everything on stdout; what is not a message of the protocol fails the test. */
  get answers(): readonly Answer[] {
    const whole = this.front.stdout().split("\n").slice(0, -1);
    return whole.map((line) => {
      const message = JSON.parse(line) as Answer & { readonly jsonrpc: string };
      if (message.jsonrpc !== "2.0") throw new Error(`no message of the protocol: ${line}`);
      return message;
    });
  }

  write(line: string): void {
    this.front.child.stdin?.write(`${line}\n`);
  }

  /** Makes a call, without waiting for its answer. */
  begin(method: string, params: object = {}): number {
    const id = this.#nextId++;
    this.write(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return id;
  }

  async answerTo(id: number | null): Promise<Answer> {
    const find = (): Answer => {
      const found = this.answers.find((answer) => answer.id === id);
      if (found === undefined) throw new Error(`no answer to ${id}: ${this.front.stderr()}`);
      return found;
    };
    return await vi.waitFor(find, { timeout: 30_000, interval: 5 });
  }

  /** The handshake of the clients of today. */
  async initialize(): Promise<Answer> {
    const clientInfo = { name: "a-test", version: "1" };
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
    const answer = await this.answerTo(this.begin("initialize", params));
    this.write(JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }));
    return answer;
  }

  beginTool(name: string, args: object = {}): number {
    return this.begin("tools/call", { name, arguments: args });
  }

  async tool(name: string, args: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const { result, error } = await this.answerTo(this.beginTool(name, args));
    if (error !== undefined) throw new Error(error.message);
    return result?.structuredContent ?? {};
  }
}
