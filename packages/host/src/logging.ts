import { writeSync } from "node:fs";
import { describeError, type Logger } from "@agent-bridge/core";
import { pino } from "pino";

export interface LoggerOptions {
  /** `json`: one JSON object a line, for files. `text`: a short line for a terminal. */
  readonly style: "json" | "text";
  /** Lines below it are not written. Default: `info`. */
  readonly level?: "debug" | "info" | "warn" | "error";
  /** Texts that never reach the log; may grow while the logger is in use. */
  readonly secrets?: ReadonlySet<string>;
  /** Takes each whole line. Default: stderr, written before the call returns. */
  readonly write?: (line: string) => void;
}

const levels = ["debug", "info", "warn", "error"] as const;

/** Makes the logger of a daemon or command. It never writes to stdout. */
export function createLogger(options: LoggerOptions): Logger {
  const { style, level = "info", secrets = new Set() } = options;
  const write = options.write ?? writeStderr;
  const out = { write: (line: string): void => write(redact(line, secrets)) };
  if (style === "text") return textLogger(level, out.write);
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: () => `,"at":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: "message",
    },
    out,
  );
  return each((name) => (message, data) => log[name](plain(data), message));
}

function textLogger(level: LoggerOptions["level"] & string, write: (line: string) => void): Logger {
  const lowest = levels.indexOf(level);
  return each((name) => (message, data) => {
    if (levels.indexOf(name) < lowest) return;
    const time = new Date().toTimeString().slice(0, 8);
    const details = Object.entries(plain(data))
      .map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join("");
    write(`${stripControls(`${time} ${name.padEnd(5)} ${message}${details}`)}\n`);
  });
}

function each(make: (name: (typeof levels)[number]) => Logger["info"]): Logger {
  return { debug: make("debug"), info: make("info"), warn: make("warn"), error: make("error") };
}

/** An error in the data is told as text: as an object it would be `{}`. */
function plain(data: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      value instanceof Error ? describeError(value) : value,
    ]),
  );
}

/** What a platform or an agent said must not steer the terminal, nor forge a second line. */
function stripControls(line: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return line.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

function redact(line: string, secrets: ReadonlySet<string>): string {
  let text = line;
  // The longest first: a secret that is a part of another must not leave the rest of it readable.
  for (const secret of [...secrets].toSorted((a, b) => b.length - a.length)) {
    text = text.replaceAll(secret, "[secret]");
    const escaped = JSON.stringify(secret).slice(1, -1);
    if (escaped !== secret) text = text.replaceAll(escaped, "[secret]");
  }
  return text;
}

/** Diagnostics are never worth ending for: a closed or full stderr loses them. */
function writeStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch (error) {
    if (!["EPIPE", "EAGAIN", "EIO"].includes(String((error as NodeJS.ErrnoException).code))) {
      throw error;
    }
  }
}
