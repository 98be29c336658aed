import { BridgeError } from "@agent-bridge/core";

/** Something in a configuration that must be mended. */
export interface Finding {
  /** Where in the data, as `routes[0].from`; empty for the whole file. */
  readonly path: string;
  /** Both from 1; null where the file could not be read so far. */
  readonly place: { readonly line: number; readonly column: number } | null;
  readonly message: string;
}

/** Writes a path of keys as people write it. */
export function formatPath(path: readonly (string | number)[]): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join("");
}

/** All findings of a file as one error, a line each. */
export function configError(file: string, findings: readonly Finding[]): BridgeError {
  const lines = findings.map(({ path, place, message }) => {
    const at = place === null ? "" : `${place.line}:${place.column} `;
    return `${at}${path === "" ? "" : `${path}: `}${message}`;
  });
  const detail = lines.length === 1 ? (lines[0] ?? "") : `\n  ${lines.join("\n  ")}`;
  return new BridgeError("CONFIG_INVALID", { file, detail });
}
