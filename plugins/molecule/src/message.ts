import { attachmentSchema as namedSchema, maxAttachments } from "@agent-bridge/core";
import type { Arrival, Attachment as NamedAttachment, Json } from "@agent-bridge/core";
import * as z from "zod";

/** A part of an A2A message. `kind` (v1) or `type` (v0) tells what it is; only a text part must have a text. */
const partSchema = z
  .looseObject({
    kind: z.string().nullish(),
    type: z.string().nullish(),
    text: z.unknown().optional(),
  })
  .refine((part) => !isTextPart(part) || typeof part.text === "string", {
    message: "a text part has no text",
  });

const partsSchema = z.array(partSchema).nullish();

const attachmentSchema = z.looseObject({
  kind: z.string().nullish(),
  uri: z.string().nullish(),
  mime_type: z.string().nullish(),
  /** How A2A itself spells it, in a part. */
  mimeType: z.string().nullish(),
  name: z.string().nullish(),
});

/**
 * A message of the inbox, the same for every kind and both channels. Strict in what is used here, and
 * open for whatever else the platform sends.
 */
export const messageSchema = z.looseObject({
  text: z.string().nullish(),
  parts: partsSchema,
  params: z
    .looseObject({
      parts: partsSchema,
      message: z.looseObject({ parts: partsSchema }).nullish(),
    })
    .nullish(),
  peer_id: z.string().nullish(),
  arrival_workspace_id: z.string().nullish(),
  /** What older platforms send in place of `arrival_workspace_id`. */
  workspace_id: z.string().nullish(),
  delegation_id: z.string().nullish(),
  attachments: z.array(attachmentSchema).nullish(),
});

/** A parsed message of the inbox. */
export type Message = z.output<typeof messageSchema>;

type Part = z.output<typeof partSchema>;
type Attachment = z.output<typeof attachmentSchema>;

/** What a part is called that carries something else than text, and is shown as an attachment. */
const attachmentKinds: ReadonlySet<string> = new Set(["file", "image", "audio", "video"]);

/** Stands for a message that carries nothing at all, so that the runner never gets an empty prompt. */
const emptyText = "(empty message)";

/** The message's texts joined by line feeds: those of its parts, else its `text`; "" if there is none. */
export function textOf(message: Message): string {
  const texts = partsOf(message)
    .filter(isTextPart)
    .map((part) => part.text as string);
  return texts.length > 0 ? texts.join("\n") : (message.text ?? "");
}

/** The text for the runner: the message's text, then one line for each attachment. Nothing is fetched. */
export function promptOf(message: Message): string {
  const lines = attachmentsOf(message).map(attachmentLine);
  const text = textOf(message);
  if (lines.length === 0) return text === "" ? emptyText : text;
  return text === "" ? lines.join("\n") : `${text}\n\n${lines.join("\n")}`;
}

/** The attachments whose addresses are whole. What a platform or peer gave otherwise stands in the prompt alone. */
export function namedAttachmentsOf(message: Message): readonly NamedAttachment[] {
  return attachmentsOf(message)
    .flatMap(({ kind, uri, mime_type, mimeType, name }) => {
      const given = { kind: kind || "file", uri, mimeType: mime_type || mimeType || null };
      return namedSchema.safeParse({ ...given, name: name || null }).data ?? [];
    })
    .slice(0, maxAttachments);
}

/** The local workspace that the message arrived at; "" when neither message nor channel says. */
export function workspaceOf(
  message: Pick<Message, "arrival_workspace_id" | "workspace_id">,
  arrival: Arrival,
): string {
  return message.arrival_workspace_id || message.workspace_id || arrival.workspace;
}

const placeSchema = messageSchema.pick({ arrival_workspace_id: true, workspace_id: true });

/** The same of a payload that may be no message. */
export function workspaceIn(payload: Json, arrival: Arrival): string {
  const place = placeSchema.safeParse(payload);
  return place.success ? workspaceOf(place.data, arrival) : arrival.workspace;
}

/** The id of the sending workspace; null when the platform does not say. */
export function peerOf(message: Message): string | null {
  return message.peer_id || null;
}

/** The first list of parts that there is, from the innermost out. */
function partsOf({ params, parts }: Message): readonly Part[] {
  const lists = [params?.message?.parts, params?.parts, parts];
  return lists.find((list) => list != null && list.length > 0) ?? [];
}

function isTextPart(part: {
  readonly kind?: string | null | undefined;
  readonly type?: string | null | undefined;
}): boolean {
  return part.kind === "text" || part.type === "text";
}

/** The platform's own list, else the parts that are files. */
function attachmentsOf(message: Message): readonly Attachment[] {
  if (message.attachments != null && message.attachments.length > 0) return message.attachments;
  return partsOf(message).flatMap((part) => {
    const kind = [part.kind, part.type].find((name) => attachmentKinds.has(name ?? ""));
    // A file lies in a member of its own (A2A), or its fields on the part itself (older senders).
    const parsed = attachmentSchema.safeParse(part["file"] ?? part);
    return kind == null || !parsed.success ? [] : [{ ...parsed.data, kind }];
  });
}

/** One line that can not become two, whatever a name or address contains. */
function attachmentLine({ kind, name, mime_type, mimeType, uri }: Attachment): string {
  const mime = mime_type || mimeType;
  const words = [kind || "file", name, mime && `(${mime})`, uri];
  const text = words.filter((word) => word != null && word !== "").join(" ");
  return `Attachment: ${text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")}`;
}
