import type { Json } from "@agent-bridge/core";
import {
  createScanner,
  findNodeAtLocation,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from "jsonc-parser";
import { formatPath, type Finding } from "./finding.ts";

/** How deep a configuration may be nested. */
const maxDepth = 64;

/** The numbers of jsonc-parser's `SyntaxKind`, a const enum that has no value at run time. */
const token = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, end: 17 } as const;

/** JSON with comments, read; it knows where in the text each value stands. */
export interface JsonDocument {
  readonly value: Json;
  /** The place of a value, or of the nearest one around it that is there. */
  placeOf(path: readonly (string | number)[]): { readonly line: number; readonly column: number };
}

/** Parses JSON with comments and trailing commas. */
export function parseDocument(
  text: string,
): { readonly document: JsonDocument } | { readonly findings: readonly Finding[] } {
  if (text.trim() === "") return { findings: [{ path: "", place: null, message: "it is empty." }] };
  const tooDeepAt = firstTooDeep(text);
  if (tooDeepAt !== undefined) {
    const message = `is nested deeper than ${maxDepth} levels. Flatten it.`;
    return { findings: [{ path: "", place: placeAt(text, tooDeepAt), message }] };
  }
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const findings: Finding[] = errors.map(({ error, offset }) => ({
    path: "",
    place: placeAt(text, offset),
    message: `is not JSON here (${printParseErrorCode(error)}).`,
  }));
  if (findings.length > 0 || tree === undefined) return { findings };
  const value = valueOf(tree, { text, path: [], findings });
  if (findings.length > 0) return { findings };
  return { document: { value, placeOf: (path) => placeAt(text, offsetOf(tree, path)) } };
}

/** Depth is measured without recursion, before the parser, which recurses. */
function firstTooDeep(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let kind = scanner.scan(); (kind as number) !== token.end; kind = scanner.scan()) {
    const found = kind as number;
    if (found === token.closeBrace || found === token.closeBracket) depth--;
    if (found !== token.openBrace && found !== token.openBracket) continue;
    depth++;
    if (depth > maxDepth) return scanner.getTokenOffset();
  }
  return undefined;
}

interface Reading {
  readonly text: string;
  readonly path: readonly (string | number)[];
  readonly findings: Finding[];
}

function valueOf(node: Node, reading: Reading): Json {
  const children = node.children ?? [];
  if (node.type === "array") {
    return children.map((child, index) =>
      valueOf(child, { ...reading, path: [...reading.path, index] }),
    );
  }
  if (node.type !== "object") return node.value as Json;
  const entries = new Map<string, Json>();
  for (const property of children) {
    const [key, child] = property.children ?? [];
    if (key === undefined || child === undefined) continue;
    const name = String(key.value);
    const path = [...reading.path, name];
    const refuse = (message: string): void => {
      const place = placeAt(reading.text, key.offset);
      reading.findings.push({ path: formatPath(path), place, message });
    };
    if (entries.has(name)) refuse("stands here twice. Remove one.");
    if (name === "__proto__") refuse("is not a key that can be used.");
    else entries.set(name, valueOf(child, { ...reading, path }));
  }
  return Object.fromEntries(entries);
}

function offsetOf(tree: Node, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    if (node === undefined) continue;
    // A member is shown by its key, which is what a person looks for.
    return node.parent?.type === "property" ? node.parent.offset : node.offset;
  }
  return tree.offset;
}

function placeAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf("\n");
  return { line: before.split("\n").length, column: offset - lastBreak };
}
