import type { Logger } from "@agent-bridge/core";
import type { PluginCalls } from "./plugin-calls.ts";

/** Of one text that a plugin prints, so many characters are logged. */
const maxText = 4096;
/** So many texts are logged in a second; the rest is counted. */
const maxTexts = 50;

type Write = typeof process.stdout.write;

/** Those who take what is printed; the newest gets it. */
const takers: ((text: string) => void)[] = [];
let original: Write | undefined;

/**
 * The stdout of the program itself: it reaches the real one also while plugins' code runs, whose prints
 * are diverted. Protocols and answers are written to it and nowhere else.
 */
export function ownStdout(): typeof process.stdout {
  const { stdout } = process;
  return new Proxy(stdout, {
    get: (target, key) => {
      if (key === "write" && original !== undefined) return original;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function"
        ? (value as (...args: never[]) => unknown).bind(target)
        : value;
    },
  });
}

/**
 * Diverts what is printed to stdout by anything but {@link ownStdout} into the log, with the plugin's
 * name where it is known, until it is disposed. A plugin that writes to the file descriptor itself, or
 * lets a child process have it, can not be kept from that.
 */
export function divertOutput(logger: Logger, calls: PluginCalls): Disposable {
  const log = limited(logger);
  const taker = (text: string): void => {
    const plugin = calls.current?.plugin ?? null;
    log.write({ plugin, text: text.trimEnd().slice(0, maxText) });
  };
  takers.push(taker);
  if (original === undefined) {
    const { stdout } = process;
    original = stdout.write.bind(stdout);
    stdout.write = divert;
  }
  return {
    [Symbol.dispose]: () => {
      log.flush();
      takers.splice(takers.indexOf(taker), 1);
      if (takers.length > 0 || original === undefined) return;
      process.stdout.write = original;
      original = undefined;
    },
  };
}

function divert(chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean {
  const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
  takers.at(-1)?.(text);
  const done = rest.findLast((arg) => typeof arg === "function") as (() => void) | undefined;
  if (done !== undefined) queueMicrotask(done);
  return true;
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
