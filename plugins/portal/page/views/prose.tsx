import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";
import { cleanText } from "../state/clean-text.ts";
import {
  readBlocks,
  readInline,
  type Block,
  type Inline,
  type ListItem,
} from "../state/markdown.ts";
import { CopyButton } from "./copy-button.tsx";

/** Longer than this nobody reads it here; it is shown as plain text, which costs little. */
const longest = 300_000;

/** An agent's text, read as the small part of Markdown that is known here. */
export const Prose = memo(({ text }: { readonly text: string }) => {
  const blocks = useMemo(
    () => (text.length > longest ? null : readBlocks(cleanText(text))),
    [text],
  );
  if (blocks === null) return <pre class="prose">{cleanText(text)}</pre>;
  return (
    <div class="prose">
      {blocks.map((block, place) => (
        <BlockView key={place} block={block} source={JSON.stringify(block)} />
      ))}
    </div>
  );
});

/** While a text grows, the blocks before the last one stay as they are. */
const BlockView = memo(
  ({ block }: { readonly block: Block; readonly source: string }) => showBlock(block),
  (before, after) => before.source === after.source,
);

function showBlock(block: Block) {
  switch (block.type) {
    case "paragraph":
      return (
        <p>
          <Line text={block.text} />
        </p>
      );
    case "quote":
      return (
        <blockquote>
          <Line text={block.text} />
        </blockquote>
      );
    case "heading":
      return (
        <p class="heading" role="heading" aria-level={Math.min(block.level + 2, 6)}>
          <Line text={block.text} />
        </p>
      );
    case "code":
      return (
        <figure class="code">
          <figcaption>
            <span>{block.language}</span>
            <CopyButton text={block.text} />
          </figcaption>
          <pre tabIndex={0}>
            <code>{block.text}</code>
          </pre>
        </figure>
      );
    case "list":
      return (
        <ul>
          {block.items.map((item, place) => (
            <ListItemView key={place} item={item} />
          ))}
        </ul>
      );
    case "table":
      return <Table rows={block.rows} />;
    case "rule":
      return <hr />;
  }
}

function ListItemView({ item }: { readonly item: ListItem }) {
  return (
    <li data-depth={item.depth} data-numbered={item.number !== null || undefined}>
      <span class="mark" aria-hidden={item.number === null}>
        {item.number ?? "•"}
      </span>
      <span>
        <Line text={item.text} />
      </span>
    </li>
  );
}

function Table({ rows }: { readonly rows: readonly (readonly string[])[] }) {
  const [head = [], ...body] = rows;
  return (
    <div class="table" tabIndex={0} role="region" aria-label="Table">
      <table>
        <thead>
          <tr>
            {head.map((cell, place) => (
              <th key={place} scope="col">
                <Line text={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, place) => (
            <tr key={place}>
              {row.map((cell, column) => (
                <td key={column}>
                  <Line text={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ text }: { readonly text: string }) {
  return <>{readInline(text).map((part, place) => showInline(part, place))}</>;
}

function showInline(part: Inline, key: number) {
  switch (part.type) {
    case "text":
      return part.text;
    case "code":
      return <code key={key}>{part.text}</code>;
    case "strong":
      return (
        <strong key={key}>{part.children.map((child, place) => showInline(child, place))}</strong>
      );
    case "emphasis":
      return <em key={key}>{part.children.map((child, place) => showInline(child, place))}</em>;
    case "link":
      return (
        <span key={key} class="link">
          <a href={part.url} target="_blank" rel="noopener noreferrer">
            {part.text}
          </a>
          {part.text !== part.url && `${part.text}/` !== part.url && (
            <span class="quiet"> ({part.url})</span>
          )}
        </span>
      );
  }
}
