import type { Attachment, RunnerEnd } from "@agent-bridge/core";

/** What a file is by the end of its name; anything else is a `file`. */
const kindsByEnding: Readonly<Record<string, Attachment["kind"]>> = {
  ...byEnding("image", ["png", "jpg", "jpeg", "gif", "webp", "svg"]),
  ...byEnding("audio", ["mp3", "wav", "ogg", "m4a"]),
  ...byEnding("video", ["mp4", "webm", "mov"]),
};

function byEnding(
  kind: Attachment["kind"],
  endings: readonly string[],
): Readonly<Record<string, Attachment["kind"]>> {
  return Object.fromEntries(endings.map((ending) => [ending, kind]));
}

/** A line that names an attachment: its address is the last word, what stands before is its name. */
const attachmentLine = /^Attachment:\s+(?:(.*\S)\s+)?(\S+)\s*$/;

/** The words by which the model is told how to attach something. */
export function attachingAdvice(allowed: readonly string[]): string {
  return `To attach a file to your answer, end the answer with a line of its own: "Attachment: NAME ADDRESS". The address must begin with ${allowed.join(" or ")}.`;
}

function attachmentIn(line: string, allowed: readonly string[]): Attachment | null {
  const [, name, uri] = attachmentLine.exec(line) ?? [];
  if (uri === undefined || !allowed.some((beginning) => uri.startsWith(beginning))) return null;
  const ending = /\.([a-z\d]+)$/i.exec(uri.replace(/[?#].*$/, ""))?.[1]?.toLowerCase() ?? "";
  return { kind: kindsByEnding[ending] ?? "file", uri, mimeType: null, name: name ?? null };
}

/**
 * Takes the lines at the end of an answer that name attachments out of it. Codex itself knows none, so this
 * is a convention, and holds only for addresses that the route allows: all else stays text.
 */
export function withAttachments(end: RunnerEnd, allowed: readonly string[]): RunnerEnd {
  if (end.outcome !== "completed" || allowed.length === 0) return end;
  const lines = end.output.trimEnd().split("\n");
  const attachments: Attachment[] = [];
  for (let line = lines.at(-1); line !== undefined; line = lines.at(-1)) {
    const attachment = attachmentIn(line, allowed);
    if (attachment === null) break;
    attachments.unshift(attachment);
    lines.pop();
  }
  if (attachments.length === 0) return end;
  return { ...end, output: lines.join("\n").trimEnd(), attachments };
}
