import { isDeepStrictEqual } from "node:util";
import { parse, TomlError } from "smol-toml";
import { BridgeError } from "@agent-bridge/core";

/** What an edit writes; the text of other values is kept as it stands. */
export type TomlSetting = string | number | readonly string[] | Readonly<Record<string, string>>;

type Table = Readonly<Record<string, unknown>>;

/** A table of a TOML file, and the name of the file for messages. */
export interface TablePlace {
  readonly file: string;
  readonly path: readonly string[];
}

/** A header, a key with its value, or one line that is neither. */
interface Statement {
  readonly text: string;
  readonly isHeader: boolean;
  /** From the root; undefined for a comment or an empty line. */
  readonly path: readonly string[] | undefined;
}

/**
 * Reads one table.
 *
 * @returns undefined when there is none
 * @throws BridgeError CONFIG_INVALID when the text is no TOML
 */
export function readTable(text: string, { file, path }: TablePlace): Table | undefined {
  let value: unknown = parseAll(text, file);
  for (const key of path) value = isTable(value) ? value[key] : undefined;
  return isTable(value) ? value : undefined;
}

/**
 * Sets keys of one table, or adds the table at the end. Every other character of the file stays; the result is
 * read again and compared before it is returned.
 *
 * @param settings in the wanted order; undefined removes a key
 * @throws BridgeError CONFIG_INVALID when the table is written in a way that is not edited
 */
export function setInTable(
  text: string,
  place: TablePlace,
  settings: Readonly<Record<string, TomlSetting | undefined>>,
): string {
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const found = readTable(text, place);
  const wanted = Object.entries(settings);
  let edited: string;
  if (found === undefined) {
    const lines = [`[${place.path.map(keyText).join(".")}]`];
    for (const [key, value] of wanted) if (value !== undefined) lines.push(settingText(key, value));
    const gap = text === "" ? "" : text.endsWith("\n") ? newline : newline.repeat(2);
    edited = `${text}${gap}${lines.join(newline)}${newline}`;
  } else {
    let statements = split(text);
    for (const [key, value] of wanted) {
      if (isSame(found[key], value)) continue;
      const line = value === undefined ? "" : settingText(key, value) + newline;
      statements = replaceKey(statements, [...place.path, key], line);
    }
    edited = textOf(statements);
  }
  const expected: Record<string, unknown> = { ...found, ...settings };
  for (const [key, value] of wanted) if (value === undefined) delete expected[key];
  return checked(edited, { before: text, place, expected });
}

/**
 * Removes a table with everything below it. Comments stay.
 *
 * @throws BridgeError CONFIG_INVALID when the table is written in a way that is not edited
 */
export function removeTable(text: string, place: TablePlace): string {
  const statements = split(text);
  const kept: Statement[] = [];
  for (const statement of statements) {
    if (!isBelow(statement, place.path)) kept.push(statement);
    // The empty line before its header belongs to it.
    else if (statement.isHeader && kept.at(-1)?.text.trim() === "") kept.pop();
  }
  return checked(textOf(kept), { before: text, place, expected: undefined });
}

function replaceKey(
  statements: readonly Statement[],
  path: readonly string[],
  text: string,
): readonly Statement[] {
  const parent = path.slice(0, -1);
  const first = statements.findIndex((statement) => isBelow(statement, path));
  const header = statements.findIndex(
    (statement) => statement.isHeader && isDeepStrictEqual(statement.path, parent),
  );
  const isInPlace = first !== -1 && statements[first]?.isHeader === false;
  const at = isInPlace ? first : header + 1;
  const added = text === "" ? [] : [{ text, isHeader: false, path }];
  return statements
    .toSpliced(at, 0, ...added)
    .filter((statement) => added.includes(statement as never) || !isBelow(statement, path));
}

/** Splits a valid document. The parser says where a value ends: it does not take a part of one. */
function split(text: string): readonly Statement[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const statements: Statement[] = [];
  let header: readonly string[] = [];
  for (let at = 0; at < lines.length; at++) {
    let own = lines[at] ?? "";
    if (/^[\t\r\n ]*(#|$)/.test(own)) {
      statements.push({ text: own, isHeader: false, path: undefined });
      continue;
    }
    let table = tryParse(own);
    while (table === undefined && at + 1 < lines.length) {
      own += lines[++at];
      table = tryParse(own);
    }
    const isHeader = /^[\t ]*\[/.test(own);
    const path = keysOf(table ?? {});
    if (isHeader) header = path;
    statements.push({ text: own, isHeader, path: isHeader ? path : [...header, ...path] });
  }
  return statements;
}

/** The keys down to the first value that is no table of one key. */
function keysOf(table: Table): readonly string[] {
  const keys = Object.keys(table);
  const [key] = keys;
  if (key === undefined || keys.length > 1) return [];
  const value = table[key];
  return [key, ...(isTable(value) ? keysOf(value) : [])];
}

/**
 * An edit that would change anything but the table is refused, and so is one that would not say what it should.
 */
function checked(
  edited: string,
  of: {
    readonly before: string;
    readonly place: TablePlace;
    readonly expected: Table | undefined;
  },
): string {
  const { before, place, expected } = of;
  const after = tryParse(edited);
  const isAsWanted =
    after !== undefined &&
    isDeepStrictEqual(
      without(after, place.path),
      without(parseAll(before, place.file), place.path),
    ) &&
    isSame(readTable(edited, place), expected);
  if (isAsWanted) return edited;
  const name = place.path.join(".");
  const detail = `${name} is written there in a way that is not edited automatically. Write it as a table of its own, [${name}], or take what --print shows.`;
  throw new BridgeError("CONFIG_INVALID", { file: place.file, detail });
}

/** A copy without what is at the path, and without the tables above it that hold nothing else. */
function without(table: Table, [key = "", ...rest]: readonly string[]): Table {
  const { [key]: value, ...others } = table;
  if (rest.length === 0 || !isTable(value)) return others;
  const inner = without(value, rest);
  return Object.keys(inner).length === 0 ? others : { ...others, [key]: inner };
}

function parseAll(text: string, file: string): Table {
  try {
    return parse(text, { integersAsBigInt: "asNeeded" });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const where = `line ${error.line}, column ${error.column}`;
    const detail = `it is no TOML (${where}: ${error.message.split("\n")[0]}).`;
    throw new BridgeError("CONFIG_INVALID", { file, detail }, { cause: error });
  }
}

function tryParse(text: string): Table | undefined {
  try {
    return parse(text, { integersAsBigInt: "asNeeded" });
  } catch (error) {
    if (error instanceof TomlError) return undefined;
    throw error;
  }
}

const isBelow = ({ path }: Statement, top: readonly string[]): boolean =>
  path !== undefined && top.every((key, at) => path[at] === key);

const textOf = (statements: readonly Statement[]): string =>
  statements.map(({ text }) => text).join("");

const isTable = (value: unknown): value is Table =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  // Dates are values.
  (Object.getPrototypeOf(value) === null || Object.getPrototypeOf(value) === Object.prototype);

const plain = (value: unknown): unknown =>
  value === undefined
    ? undefined
    : JSON.parse(
        JSON.stringify(value, (_, part: unknown) =>
          typeof part === "bigint" ? String(part) : part,
        ),
      );

const keyText = (key: string): string => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key));

/** Whether two values are written alike: tables of the parser have no prototype. */
function isSame(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(plain(left), plain(right));
}

/** Whether keys of a table, as it was read, have the settings. */
export function hasSettings(
  table: Table,
  settings: Readonly<Record<string, TomlSetting | undefined>>,
): boolean {
  return Object.entries(settings).every(([key, value]) => isSame(table[key], value));
}

/** A table as TOML, for a place of its own. */
export function tableText(
  path: readonly string[],
  settings: Readonly<Record<string, TomlSetting | undefined>>,
): string {
  return setInTable("", { file: "", path }, settings);
}

function settingText(key: string, value: TomlSetting): string {
  return `${keyText(key)} = ${valueText(value)}`;
}

/** JSON's strings, numbers and lists of strings read the same in TOML. */
function valueText(value: TomlSetting): string {
  if (typeof value !== "object" || Array.isArray(value)) {
    return JSON.stringify(value).replaceAll("\u007f", "\\u007F");
  }
  const pairs = Object.entries(value).map(([key, text]) => settingText(key, text));
  return `{ ${pairs.join(", ")} }`;
}
