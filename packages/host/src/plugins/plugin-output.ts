import type { Logger } from "@agent-bridge/core";
import type { PluginCalls } from "./plugin-calls.ts";

/** A line that a plugin does not end is logged when it is longer. */
const maxLine = 64 * 1024;
/** So many lines are logged in a second; the rest is counted. */
const maxTexts = 50;

type Write = typeof process.stdout.write;
type StreamName = "stdout" | "stderr";

const streams: readonly StreamName[] = ["stdout", "stderr"];

/** Those who take what is printed; the newest gets it. */
const takers: ((text: string, stream: StreamName) => void)[] = [];
const originals = new Map<StreamName, Write>();

function own(name: StreamName): typeof process.stdout {
  return new Proxy(process[name] as typeof process.stdout, {
    get: (target, key) => {
      const original = key === "write" ? originals.get(name) : undefined;
      if (original !== undefined) return original;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function"
        ? (value as (...args: never[]) => unknown).bind(target)
        : value;
    },
  });
}

/**
 * The stdout of the program itself: it reaches the real one also while plugins' code runs, whose prints
 * are diverted. Protocols and answers are written to it and nowhere else.
 */
export const ownStdout = (): typeof process.stdout => own("stdout");

/** The same for stderr. */
export const ownStderr = (): typeof process.stdout => own("stderr");

/**
 * Diverts what is printed to stdout or stderr by anything but {@link ownStdout} and {@link ownStderr} into
 * the log, a line each, with the plugin's name where it is known, until it is disposed. Half a line waits
 * for its end: so the log finds a secret that is printed in pieces. A plugin that writes to the file
 * descriptor itself, or lets a child process have it, can not be kept from that.
 */
export function divertOutput(logger: Logger, calls: PluginCalls): Disposable {
  const log = limited(logger);
  const lines = lineBuffer((printed) => log.write(printed));
  const taker = (text: string, stream: StreamName): void =>
    lines.add({ plugin: calls.current?.plugin ?? null, stream }, text);
  takers.push(taker);
  if (originals.size === 0) for (const name of streams) divert(name);
  return {
    [Symbol.dispose]: () => {
      lines.flush();
      log.flush();
      takers.splice(takers.indexOf(taker), 1);
      if (takers.length > 0) return;
      for (const [name, original] of originals) process[name].write = original;
      originals.clear();
    },
  };
}

function divert(name: StreamName): void {
  const stream = process[name];
  originals.set(name, stream.write.bind(stream));
  stream.write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
    takers.at(-1)?.(text, name);
    const done = rest.findLast((arg) => typeof arg === "function") as (() => void) | undefined;
    if (done !== undefined) queueMicrotask(done);
    return true;
  };
}

/** Who printed, and where to. */
interface Printer {
  readonly plugin: string | null;
  readonly stream: StreamName;
}

interface LineBuffer {
  add(printer: Printer, text: string): void;
  /** Gives the halves of lines whose end did not come. */
  flush(): void;
}

/** Joins what each plugin prints to lines. */
function lineBuffer(give: LimitedLog["write"]): LineBuffer {
  const halves = new Map<string, Printer & { readonly text: string }>();
  return {
    add: (printer, text) => {
      const key = `${printer.stream} ${printer.plugin}`;
      const lines = `${halves.get(key)?.text ?? ""}${text}`.split("\n");
      const last = lines.pop() ?? "";
      for (const line of lines) give({ plugin: printer.plugin, text: line.trimEnd() });
      if (last.length <= maxLine) halves.set(key, { ...printer, text: last });
      else {
        halves.delete(key);
        give({ plugin: printer.plugin, text: last });
      }
    },
    flush: () => {
      for (const { plugin, text } of halves.values()) if (text !== "") give({ plugin, text });
      halves.clear();
    },
  };
}

interface LimitedLog {
  write(printed: { readonly plugin: string | null; readonly text: string }): void;
  /** Tells what was left out so far. */
  flush(): void;
}

/** Logs printed texts, but not a flood of them. */
function limited(logger: Logger): LimitedLog {
  let second = 0;
  let count = 0;
  const flush = (): void => {
    const dropped = count - maxTexts;
    count = 0;
    if (dropped > 0) logger.warn("Plugins printed more than is logged", { dropped });
  };
  return {
    write: (printed) => {
      const now = Math.floor(performance.now() / 1000);
      if (now !== second) flush();
      second = now;
      count++;
      if (count <= maxTexts) logger.warn("Printed by a plugin", printed);
    },
    flush,
  };
}
