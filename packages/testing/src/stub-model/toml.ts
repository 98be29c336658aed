/** A value that the configuration of codex holds. */
export type TomlValue = string | number | boolean | readonly string[] | TomlTable;

/** A table of such values. */
export interface TomlTable {
  readonly [key: string]: TomlValue;
}

/** Writes a table as TOML, one dotted key a line. */
export function toToml(table: TomlTable, prefix: readonly string[] = []): string {
  return Object.entries(table)
    .map(([key, value]) => {
      const path = [...prefix, key];
      if (typeof value === "object" && !isList(value)) return toToml(value, path);
      // A JSON string, number, boolean or list of strings reads the same in TOML.
      return `${path.map(keyText).join(".")} = ${JSON.stringify(value)}\n`;
    })
    .join("");
}

function isList(value: TomlValue): value is readonly string[] {
  return Array.isArray(value);
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
