import type { Attachment } from "./contract/attachment.ts";

/** Names an attachment in one line: kind, name, type, address. */
function attachmentLine({ kind, uri, mimeType, name }: Attachment): string {
  const type = mimeType === null ? "" : ` (${mimeType})`;
  return `[${kind}]${name === null ? "" : ` ${name}`}${type}: ${uri}`;
}

/** A text with its attachments named below it, for where they can not go with it. */
export function withAttachmentLines(text: string, attachments: readonly Attachment[]): string {
  if (attachments.length === 0) return text;
  return `${text}\n\n${attachments.map(attachmentLine).join("\n")}`;
}
