/** Where diagnostics go. Never to stdout: that belongs to answers and protocols. */
export interface Logger {
  debug(message: string, data?: Readonly<Record<string, unknown>>): void;
  info(message: string, data?: Readonly<Record<string, unknown>>): void;
  warn(message: string, data?: Readonly<Record<string, unknown>>): void;
  error(message: string, data?: Readonly<Record<string, unknown>>): void;
}

const ignore = (): void => undefined;

/** A logger that keeps nothing, for tests and embedded use. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
