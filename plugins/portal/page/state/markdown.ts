/*
 * A small, safe part of Markdown as data: what is not known here is shown as the text that it is. Nothing of it is ever
 * HTML.
 */

export type Inline =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "code"; readonly text: string }
  | { readonly type: "strong" | "emphasis"; readonly children: readonly Inline[] }
  /** `url` is http or https. */
  | { readonly type: "link"; readonly url: string; readonly text: string };

export type Block =
  | { readonly type: "paragraph" | "quote"; readonly text: string }
  | { readonly type: "heading"; readonly level: number; readonly text: string }
  | { readonly type: "code"; readonly language: string; readonly text: string }
  | { readonly type: "list"; readonly items: readonly ListItem[] }
  | { readonly type: "table"; readonly rows: readonly (readonly string[])[] }
  | { readonly type: "rule" };

export interface ListItem {
  /** How deep it stands, from 0. */
  readonly depth: number;
  /** `1.` as it was written; null for a bullet. */
  readonly number: string | null;
  readonly text: string;
}

const fence = /^\s{0,3}(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$/;
const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const rule = /^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/;
const listItem = /^(\s*)(?:[-*+]|(\d{1,9}[.)]))\s+(.*)$/;
const quote = /^ {0,3}>\s?(.*)$/;
const tableRule = /^\s*\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?$/;

/** Reads a text as blocks. An open code block goes to the text's end: the rest may still come. */
export function readBlocks(text: string): readonly Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  for (let place = 0; place < lines.length;) {
    const line = lines[place] ?? "";
    if (line.trim() === "") {
      place++;
      continue;
    }
    const reader = readers.find(({ begins }) => begins(lines, place)) ?? paragraph;
    const { block, next } = reader.read(lines, place);
    blocks.push(block);
    place = next;
  }
  return blocks;
}

interface Reader {
  readonly begins: (lines: readonly string[], place: number) => boolean;
  readonly read: (
    lines: readonly string[],
    place: number,
  ) => { readonly block: Block; readonly next: number };
}

/** Reads lines as long as they are so. */
function linesWhile(
  lines: readonly string[],
  from: number,
  is: (line: string) => boolean,
): { readonly taken: readonly string[]; readonly next: number } {
  let next = from;
  while (next < lines.length && is(lines[next] ?? "")) next++;
  return { taken: lines.slice(from, next), next };
}

const starts = (pattern: RegExp) => (lines: readonly string[], place: number) =>
  pattern.test(lines[place] ?? "");

const cells = (line: string): readonly string[] =>
  line
    .trim()
    .replace(/^\|/, "")
    .replace(/\|$/, "")
    .split("|")
    .map((cell) => cell.trim());

const readers: readonly Reader[] = [
  {
    begins: starts(fence),
    read: (lines, place) => {
      const [, mark = "```", language = ""] = fence.exec(lines[place] ?? "") ?? [];
      const { taken, next } = linesWhile(lines, place + 1, (line) => {
        const end = line.trim();
        return !(end.startsWith(mark) && end.replaceAll(mark.charAt(0), "") === "");
      });
      return { block: { type: "code", language, text: taken.join("\n") }, next: next + 1 };
    },
  },
  {
    begins: starts(heading),
    read: (lines, place) => {
      const [, marks = "#", text = ""] = heading.exec(lines[place] ?? "") ?? [];
      return { block: { type: "heading", level: marks.length, text }, next: place + 1 };
    },
  },
  {
    begins: starts(rule),
    read: (_, place) => ({ block: { type: "rule" }, next: place + 1 }),
  },
  {
    begins: starts(quote),
    read: (lines, place) => {
      const { taken, next } = linesWhile(lines, place, (line) => quote.test(line));
      const text = taken.map((line) => quote.exec(line)?.[1] ?? "").join("\n");
      return { block: { type: "quote", text }, next };
    },
  },
  {
    begins: starts(listItem),
    read: (lines, place) => {
      const { taken, next } = linesWhile(
        lines,
        place,
        (line) => listItem.test(line) || /^\s+\S/.test(line),
      );
      return { block: { type: "list", items: listItems(taken) }, next };
    },
  },
  {
    begins: (lines, place) =>
      (lines[place] ?? "").includes("|") && tableRule.test(lines[place + 1] ?? ""),
    read: (lines, place) => {
      const { taken, next } = linesWhile(lines, place + 2, (line) => line.includes("|"));
      const rows = [lines[place] ?? "", ...taken].map((line) => cells(line));
      return { block: { type: "table", rows }, next };
    },
  },
];

const paragraph: Reader = {
  begins: () => true,
  read: (lines, place) => {
    const { taken, next } = linesWhile(
      lines,
      place + 1,
      (line) => line.trim() !== "" && !readers.some(({ begins }) => begins([line], 0)),
    );
    return {
      block: { type: "paragraph", text: [lines[place] ?? "", ...taken].join("\n") },
      next,
    };
  },
};

function listItems(lines: readonly string[]): readonly ListItem[] {
  const items: ListItem[] = [];
  const indents: number[] = [];
  for (const line of lines) {
    const [, space = "", number, text = ""] = listItem.exec(line) ?? [];
    const last = items.at(-1);
    if (!listItem.test(line)) {
      if (last !== undefined)
        items[items.length - 1] = { ...last, text: `${last.text}\n${line.trim()}` };
      continue;
    }
    const indent = space.replaceAll("\t", "    ").length;
    while (indents.length > 0 && (indents.at(-1) ?? 0) > indent) indents.pop();
    if ((indents.at(-1) ?? -1) < indent) indents.push(indent);
    items.push({ depth: Math.min(indents.length - 1, 5), number: number ?? null, text });
  }
  return items;
}

/** One after the other: code, a link, a bare address, strong, emphasis. Each has an end close by, or is text. */
const inline =
  /`([^`\n]+)`|\[([^\]\n]{1,500})\]\((https?:\/\/[^\s()<>]{1,2000})\)|(https?:\/\/[^\s<>"'`)\]]{1,2000})|\*\*([^*\n]{1,1000})\*\*|(?<![\w*])\*([^*\s][^*\n]{0,500})\*(?![\w*])|(?<!\w)_([^_\s][^_\n]{0,500})_(?!\w)/g;

/** Reads what stands in one block. */
export function readInline(text: string): readonly Inline[] {
  const found: Inline[] = [];
  let end = 0;
  for (const match of text.matchAll(inline)) {
    if (match.index > end) found.push({ type: "text", text: text.slice(end, match.index) });
    found.push(inlineOf(match));
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ type: "text", text: text.slice(end) });
  return found;
}

function inlineOf(match: RegExpExecArray): Inline {
  const [whole, code, label, url, bare, strong, star, underscore] = match;
  if (code !== undefined) return { type: "code", text: code };
  if (label !== undefined && url !== undefined) return linkOf(url, label);
  if (bare !== undefined) return linkOf(bare, bare);
  if (strong !== undefined) return { type: "strong", children: readInline(strong) };
  const emphasis = star ?? underscore;
  if (emphasis !== undefined) return { type: "emphasis", children: readInline(emphasis) };
  return { type: "text", text: whole };
}

function linkOf(url: string, text: string): Inline {
  return URL.canParse(url)
    ? { type: "link", url: new URL(url).href, text }
    : { type: "text", text };
}
