import { Buffer } from "node:buffer";
import type { MCPClient } from "@ai-sdk/mcp";

/** What a tool said, for the model and the log. */
export interface ToolText {
  readonly text: string;
  readonly isError: boolean;
}

type ToolResult = Awaited<ReturnType<MCPClient["callTool"]>>;

/** How much of a tool's answer the model is given. */
const maxBytes = 64 * 1024;

/** Makes one text of a tool's answer. What is no text is named and left out. */
export function resultText(result: ToolResult): ToolText {
  const isError = result.isError === true;
  const content = Array.isArray(result.content) ? result.content : [];
  const texts = content.map((part: { readonly type: string }) => partText(part));
  const { structuredContent } = result as { readonly structuredContent?: unknown };
  if (texts.length === 0 && structuredContent !== undefined) {
    texts.push(JSON.stringify(structuredContent));
  }
  return { text: boundedText(texts.join("\n")), isError };
}

function partText(part: { readonly type: string }): string {
  const { text, uri, mimeType, resource } = part as {
    readonly text?: unknown;
    readonly uri?: unknown;
    readonly mimeType?: unknown;
    readonly resource?: { readonly uri?: unknown; readonly text?: unknown };
  };
  if (typeof text === "string") return text;
  if (typeof resource?.text === "string") return resource.text;
  const name = uri ?? resource?.uri ?? mimeType;
  return `(${part.type}${typeof name === "string" ? ` ${name}` : ""}: left out)`;
}

/** As much of a text as the model is given, with a mark where it was cut. */
export function boundedText(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  // A cut inside of a character leaves an incomplete one, which decoding in stream mode drops.
  const kept = new TextDecoder().decode(bytes.subarray(0, maxBytes), { stream: true });
  return `${kept}\n(cut: the tool said ${bytes.length} bytes, of which the first ${maxBytes} are here)`;
}
