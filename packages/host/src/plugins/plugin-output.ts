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
    log({ plugin, text: text.trimEnd().slice(0, maxText) });
  };
  takers.push(taker);
  if (original === undefined) {
    const { stdout } = process;
    original = stdout.write.bind(stdout);
    stdout.write = divert;
  }
  return {
    [Symbol.dispose]: () => {
      takers.splice(takers.indexOf(taker), 1);
      if (takers.length > 0 || original === undefined) return;
      process.stdout.write = original;
      original = undefined;
    },
  };
}

function divert(chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean {
  const [encoding] = rest;
  const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
  takers.at(-1)?.(typeof encoding === "string" && encoding === "hex" ? "(bytes)" : text);
  const done = rest.findLast((arg) => typeof arg === "function") as (() => void) | undefined;
  if (done !== undefined) queueMicrotask(done);
  return true;
}

/** Logs printed texts, but not a flood of them. */
function limited(logger: Logger): (printed: { plugin: string | null; text: string }) => void {
  let second = 0;
  let count = 0;
  return (printed) => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      if (count > maxTexts) {
        logger.warn("Plugins printed more than is logged", { dropped: count - maxTexts });
      }
      second = now;
      count = 0;
    }
    count++;
    if (count <= maxTexts) logger.warn("Printed by a plugin", printed);
  };
}
