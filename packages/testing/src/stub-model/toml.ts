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
      if (isTable(value)) return toToml(value, path);
      // A JSON string, number, boolean or list of strings reads the same in TOML.
      return `${path.map(keyText).join(".")} = ${JSON.stringify(value)}\n`;
    })
    .join("");
}

/** The lower table with the upper's values over it, table by table. */
export function overlay(lower: TomlTable, upper: TomlTable): TomlTable {
  const merged: Record<string, TomlValue> = { ...lower };
  for (const [key, value] of Object.entries(upper)) {
    const below = merged[key];
    const areTables = isTable(value) && below !== undefined && isTable(below);
    merged[key] = areTables ? overlay(below, value) : value;
  }
  return merged;
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === "object" && !isList(value);
}

function isList(value: TomlValue): value is readonly string[] {
  return Array.isArray(value);
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
