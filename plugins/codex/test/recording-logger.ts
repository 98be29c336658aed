import type { Logger } from "@agent-bridge/core";

/** A line of a log. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

/** A logger that keeps its lines. */
export function recordingLogger(): { readonly logger: Logger; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: keyof Logger): Logger[typeof level] =>
    (message, data) => {
      lines.push({ level, message, data });
    };
  const logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { logger, lines };
}
