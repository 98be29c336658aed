import { withAttachmentLines } from "../attachment-lines.ts";
import { type Attachment, attachmentSchema, maxAttachments } from "../contract/attachment.ts";
import type { Channel } from "../contract/channel.ts";
import { describeError } from "../contract/errors.ts";
import type { Json } from "../contract/json.ts";
import type { OutboxItem } from "../contract/outbox.ts";
import type { Logger } from "../contract/logger.ts";

/** The most that the attachments of one text have as JSON, so that an event that names them is whole. */
const maxBytes = 16 * 1024;

/** What of a list of attachments is taken, and for each of the others why not. */
export interface TakenAttachments {
  readonly taken: readonly Attachment[];
  readonly problems: readonly string[];
}

/** Takes what a runner or a kind gave as attachments: data from outside, whatever its types say. */
export function takeAttachments(given: unknown): TakenAttachments {
  if (given === undefined) return { taken: [], problems: [] };
  if (!Array.isArray(given)) return { taken: [], problems: ["they are no list"] };
  const taken: Attachment[] = [];
  const problems: string[] = [];
  for (const [index, value] of (given as readonly unknown[]).slice(0, maxAttachments).entries()) {
    const { success, data, error } = attachmentSchema.safeParse(value);
    const issue = error?.issues[0];
    if (!success)
      problems.push(
        `${index + 1}: ${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`,
      );
    else if (Buffer.byteLength(JSON.stringify([...taken, data])) > maxBytes)
      problems.push(`${index + 1}: all together have more than ${maxBytes} bytes`);
    else taken.push(data);
  }
  const { length } = given;
  if (length > maxAttachments) problems.push(`there are ${length}; ${maxAttachments} are taken`);
  return { taken, problems };
}

const schemeOf = ({ uri }: Attachment): string => uri.slice(0, uri.indexOf(":")).toLowerCase();

/** What goes beside a text by this channel. One that fails to say takes nothing. */
function carried(channel: Channel, destination: Json, logger: Logger): readonly string[] {
  try {
    return channel.attaches?.(destination) ?? [];
  } catch (error) {
    const facts = { channel: channel.name, error: describeError(error) };
    logger.warn("The channel could not say what it attaches", facts);
    return [];
  }
}

/** An item as its channel sends it: what can not go beside its text is named in it. */
export function outgoingOf(
  channel: Channel,
  { destination, text, attachments }: Pick<OutboxItem, "destination" | "text" | "attachments">,
  logger: Logger,
): {
  readonly destination: Json;
  readonly text: string;
  readonly attachments?: readonly Attachment[];
} {
  if (attachments.length === 0) return { destination, text };
  const schemes = carried(channel, destination, logger);
  const beside = attachments.filter((attachment) => schemes.includes(schemeOf(attachment)));
  const others = attachments.filter((attachment) => !beside.includes(attachment));
  return {
    destination,
    text: withAttachmentLines(text, others),
    ...(beside.length === 0 ? {} : { attachments: beside }),
  };
}
