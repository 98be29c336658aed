import type { Json, JsonObject } from "@agent-bridge/core";
import type * as z from "zod";
import { messageSchema, type Message } from "./protocol.ts";

/** What came back for a request. */
export type Reply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly code: number; readonly message: string };

/** Codex broke its protocol in a way that leaves the turn without meaning. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** The code of JSON-RPC for a method that the receiver does not know. */
const methodUnknown = -32_601;

/** The client's half of JSON-RPC over lines: numbers the requests and brings the replies to those who asked. */
export class Rpc<T> {
  readonly #write: (line: string) => void;
  readonly #waiting = new Map<string | number, (reply: Reply) => T>();
  #lastId = 0;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Sends a request; `onReply` is called by `settle` with what came back. */
  call(method: string, params: JsonObject, onReply: (reply: Reply) => T): void {
    const id = ++this.#lastId;
    this.#waiting.set(id, onReply);
    this.#send({ id, method, params });
  }

  notify(method: string): void {
    this.#send({ method });
  }

  /** Answers a request of the other side. */
  answer(id: string | number, result: Json): void {
    this.#send({ id, result });
  }

  /** Answers a request that is not known here. */
  refuse(id: string | number, method: string): void {
    const error = { code: methodUnknown, message: `${method} is not supported by agent-bridge.` };
    this.#send({ id, error });
  }

  /** @returns what the waiting callback made of a reply; `undefined` where nobody waits for it */
  settle(message: Message): T | undefined {
    if (message.id === undefined) return undefined;
    const onReply = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    return onReply?.(
      message.error === undefined
        ? { ok: true, result: message.result }
        : { ok: false, ...message.error },
    );
  }

  #send(message: JsonObject): void {
    this.#write(JSON.stringify(message));
  }
}

/** Reads a line; `undefined` for one that is no message. */
export function readMessage(line: string): Message | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return messageSchema.safeParse(json).data;
}

/**
 * Reads what a reply or a decisive notification carries.
 *
 * @throws ProtocolError when it has another shape: this version of Codex is not understood
 */
export function parseOrThrow<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new ProtocolError(
    `Codex sent ${what} in a form that is not known here (${where || "all of it"}). Its version may be too new or too old.`,
  );
}
