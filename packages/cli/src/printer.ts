import { isBridgeError } from "@agent-bridge/core";
import { toWireError } from "@agent-bridge/host";
import { paint, type Line } from "./render/line.ts";
import { plainText } from "./render/plain-text.ts";
import type { Output, Surroundings } from "./surroundings.ts";

/** Writes a command's output: answers to stdout, diagnostics to stderr, colour only on a terminal. */
export interface Printer {
  readonly isJson: boolean;
  /** One JSON document on a line of stdout; nothing unless `--json`. */
  json(document: object): void;
  /** Text on stdout; nothing with `--json`. */
  text(lines: readonly (Line | string)[]): void;
  /** What happens meanwhile, on stderr; nothing with `--json`. */
  note(lines: readonly (Line | string)[]): void;
  /** Tells an error: on stderr, and with `--json` as a document on stdout. */
  error(thrown: unknown): void;
}

export function createPrinter(
  surroundings: Surroundings,
  options: { readonly json?: boolean; readonly debug?: boolean },
): Printer {
  const { stdout, stderr, env } = surroundings;
  const isJson = options.json === true;
  const print = (output: Output, lines: readonly (Line | string)[]): void => {
    if (lines.length === 0) return;
    const isColoured = hasColour(output, env);
    const texts = lines.map((line) => (typeof line === "string" ? line : paint(line, isColoured)));
    output.write(`${texts.join("\n")}\n`);
  };
  return {
    isJson,
    json: (document) => void (isJson && stdout.write(`${JSON.stringify(document)}\n`)),
    text: (lines) => void (isJson || print(stdout, lines)),
    note: (lines) => void (isJson || print(stderr, lines)),
    error: (thrown) => {
      if (isJson) stdout.write(`${JSON.stringify({ error: toWireError(thrown) })}\n`);
      // An error may quote what a platform, an agent or a file said.
      print(stderr, [{ tone: "bad", text: plainText(`agent-bridge: ${errorText(thrown)}`) }]);
      if (options.debug === true && thrown instanceof Error)
        print(stderr, [plainText(String(thrown.stack))]);
    },
  };
}

function errorText(thrown: unknown): string {
  const { code, message } = toWireError(thrown);
  const hint = isBridgeError(thrown) ? "" : " Run it again with --debug for details.";
  return `${message}${hint} (${code})`;
}

/** NO_COLOR (no-color.org): any text but the empty one. */
function hasColour(output: Output, env: Surroundings["env"]): boolean {
  return output.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}
