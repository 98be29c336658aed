import { createHash, timingSafeEqual } from "node:crypto";
import { BridgeError, type Json, type Principal } from "@agent-bridge/core";
import { parseMark } from "@agent-bridge/process";
import * as z from "zod";
import type { RunTokens } from "../run-tokens.ts";
import { maxHelloBytes, parseLine } from "./frames.ts";
import { invalid } from "./invalid.ts";
import type { SplitLine } from "./line-splitter.ts";
import { protocolVersion, type DaemonHello, type HelloFrame } from "./wire.ts";

const helloSchema = z.strictObject({
  hello: z.object({
    protocol: z.int(),
    key: z.string().exactOptional(),
    token: z.string().max(256).exactOptional(),
    run: z.string().max(1024).exactOptional(),
    speaks: z.literal("mcp").exactOptional(),
  }),
}) satisfies z.ZodType<HelloFrame>;

/** By what callers are known. */
export interface AdmissionContext {
  readonly key: string;
  readonly stateId: string;
  readonly tokens: RunTokens;
  readonly hello: DaemonHello;
}

/** A caller that was let in. */
export interface Admitted {
  readonly speaks: "frames" | "mcp";
  readonly principal: Principal;
  /** Aborts when the caller may no longer be served; undefined: it may as long as it likes. */
  readonly until?: AbortSignal;
}

/**
 * Reads a caller's first line. The key makes the operator, over MCP this machine's own user; the token of a
 * run makes that run, which has MCP only.
 *
 * @throws BridgeError NOT_ALLOWED, INPUT_INVALID, INPUT_TOO_LARGE, INPUT_TOO_DEEP
 */
export function admit(split: SplitLine, context: AdmissionContext): Admitted {
  const parsed = helloSchema.safeParse(readHello(split));
  if (!parsed.success) throw invalid("The hello", parsed.error);
  const { protocol, ...caller } = parsed.data.hello;
  const admitted = known(caller, context);
  if (protocol === protocolVersion) return admitted;
  const detail = `it speaks protocol ${protocol}, this daemon (agent-bridge ${context.hello.version}) speaks ${protocolVersion}. Restart the daemon: \`agent-bridge down\`, \`agent-bridge up\`.`;
  throw new BridgeError("INPUT_INVALID", { what: "The hello", detail });
}

function known(
  { key, token, run, speaks }: Omit<HelloFrame["hello"], "protocol">,
  context: AdmissionContext,
): Admitted {
  if (token !== undefined) return knownRun(token, speaks, context);
  if (key === undefined || !isSameText(key, context.key)) {
    throw new BridgeError("NOT_ALLOWED", { what: "Calling the daemon without its key" });
  }
  if (run !== undefined && parseMark(run)?.stateId === context.stateId) {
    const what = "Operating the bridge from inside one of its own runs";
    throw new BridgeError("NOT_ALLOWED", { what });
  }
  return speaks === "mcp"
    ? { speaks, principal: { type: "client", id: "local" } }
    : { speaks: "frames", principal: { type: "operator" } };
}

function knownRun(
  token: string,
  speaks: HelloFrame["hello"]["speaks"],
  { tokens }: AdmissionContext,
): Admitted {
  const run = tokens.find(token);
  if (run === undefined) {
    throw new BridgeError("NOT_ALLOWED", { what: "Calling the daemon for a run that is over" });
  }
  if (speaks !== "mcp") {
    throw new BridgeError("NOT_ALLOWED", { what: "Operating the bridge with the token of a run" });
  }
  return { speaks, principal: { type: "run", taskId: run.taskId }, until: run.signal };
}

function readHello(split: SplitLine): Json {
  if ("line" in split) return parseLine(split.line);
  const facts = { what: "The hello", bytes: split.droppedBytes, limitBytes: maxHelloBytes };
  throw new BridgeError("INPUT_TOO_LARGE", facts);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Compares in constant time, whatever the lengths. */
function isSameText(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}
