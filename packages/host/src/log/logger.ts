import { writeSync } from "node:fs";
import { describeError, type Logger } from "@agent-bridge/core";
import { pino } from "pino";
import { logLevels, type LogLevel } from "./log-level.ts";
import { createLogRedactor, type LogRedactor } from "./log-redaction.ts";

export interface LoggerOptions {
  /** `json`: one JSON object a line, for files. `text`: a short line for a terminal. */
  readonly style: "json" | "text";
  /** Lines below it are not written. Default: `info`. */
  readonly level?: LogLevel;
  /** Texts that never reach the log; may grow while the logger is in use. */
  readonly secrets?: ReadonlySet<string>;
  /** Takes each whole line. Default: stderr, written before the call returns. */
  readonly write?: (line: string) => void;
}

/** The longest text that a line holds of one thing; what is longer is cut, after secrets are taken out. */
const maxTextLength = 16 * 1024;

/** Makes the logger of a daemon or command. It never writes to stdout. */
export function createLogger(options: LoggerOptions): Logger {
  const { style, level = "info", secrets = new Set() } = options;
  const write = options.write ?? writeStderr;
  const redactor = createLogRedactor(secrets);
  // Once more for the whole line: what the data held in a form of its own.
  const out = { write: (line: string): void => write(redactor.text(line)) };
  const print = style === "text" ? textPrint(out.write) : jsonPrint(level, out);
  const lowest = logLevels.indexOf(level);
  return each((name) => (message, data) => {
    if (logLevels.indexOf(name) < lowest) return;
    print(name, cut(redactor.text(message)), plain(redactor, data));
  });
}

/** A logger that gives every line to all of these. */
export function teeLogger(loggers: readonly Logger[]): Logger {
  return each((name) => (message, data) => {
    for (const logger of loggers) logger[name](message, data);
  });
}

type Print = (name: LogLevel, message: string, data: Record<string, unknown>) => void;

function jsonPrint(level: LogLevel, out: { write(line: string): void }): Print {
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
  return (name, message, data) => log[name](data, message);
}

function textPrint(write: (line: string) => void): Print {
  return (name, message, data) => {
    const time = new Date().toTimeString().slice(0, 8);
    const details = Object.entries(data)
      .map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join("");
    write(`${stripControls(`${time} ${name.padEnd(5)} ${message}${details}`)}\n`);
  };
}

function each(make: (name: LogLevel) => Logger["info"]): Logger {
  return { debug: make("debug"), info: make("info"), warn: make("warn"), error: make("error") };
}

/** Data as it is logged. An error in it is told as text: as an object it would be `{}`. */
function plain(
  redactor: LogRedactor,
  data: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      const told = redactor.data(value instanceof Error ? describeError(value) : value);
      return [key, typeof told === "string" ? cut(told) : told];
    }),
  );
}

function cut(text: string): string {
  if (text.length <= maxTextLength) return text;
  return `${text.slice(0, maxTextLength)}… (${text.length} characters)`;
}

/** What a platform or an agent said must not steer the terminal, nor forge a second line. */
function stripControls(line: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return line.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

/** Diagnostics are never worth ending for: a closed or full stderr loses them. */
function writeStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch (error) {
    if (
      !["EPIPE", "EAGAIN", "EIO", "ENOSPC"].includes(String((error as NodeJS.ErrnoException).code))
    ) {
      throw error;
    }
  }
}
