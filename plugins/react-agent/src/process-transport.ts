import { describeError } from "@agent-bridge/core";
import type { ProcessIdentity, ProcessOptions, RunningProcess } from "@agent-bridge/process";
import { describeOutcome, startProcess } from "@agent-bridge/process";
import { validateJSONRPCMessage, type MCPTransport } from "@ai-sdk/mcp";

type JsonRpcMessage = Parameters<NonNullable<MCPTransport["onmessage"]>>[0];

/**
 * MCP over the standard input and output of a child process, a JSON-RPC message a line. The process is marked and
 * its whole tree ends with the transport.
 */
export class ProcessTransport implements MCPTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JsonRpcMessage) => void;
  readonly #options: ProcessOptions;
  readonly #spawned: (identity: ProcessIdentity) => Promise<void>;
  #running: RunningProcess | undefined;

  constructor(
    options: ProcessOptions,
    /** Told of the process before anything is said to it. */
    spawned: (identity: ProcessIdentity) => Promise<void>,
  ) {
    this.#options = options;
    this.#spawned = spawned;
  }

  async start(): Promise<void> {
    const running = startProcess(this.#options);
    this.#running = running;
    if (running.identity === undefined) throw new Error(describeOutcome(await running.exit));
    await this.#spawned(running.identity);
    void this.#listen(running);
  }

  async send(message: JsonRpcMessage): Promise<void> {
    const result = await this.#running?.writeLine(JSON.stringify(message));
    if (result?.written !== true) throw new Error("The server no longer reads.");
  }

  async close(): Promise<void> {
    await this.#running?.stop("closed");
  }

  async #listen(running: RunningProcess): Promise<void> {
    for await (const line of running.lines) {
      if (line.trim() === "") continue;
      try {
        this.onmessage?.(validateJSONRPCMessage(JSON.parse(line)));
      } catch (error) {
        // A server that also prints other things to its stdout is told of, and goes on.
        this.onerror?.(new Error(`a line that is no message: ${describeError(error)}`));
      }
    }
    const outcome = await running.exit;
    this.onerror?.(new Error(`The server ended: ${describeOutcome(outcome)}`));
    this.onclose?.();
  }
}
