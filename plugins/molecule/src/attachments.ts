import type { Attachment, Json } from "@agent-bridge/core";
import { destinationSchema } from "./destination.ts";

/** An attachment in the platform's words. */
export interface PlatformAttachment {
  readonly kind: Attachment["kind"];
  readonly uri: string;
  readonly mime_type?: string;
  readonly name?: string;
}

/** What the canvas opens: addresses of the web, and files of the workspace itself. */
const schemes: readonly string[] = ["https", "http", "workspace"];

/** The schemes that may go beside a text: to a person. A delegation is a text alone. */
export function attachableSchemes(destination: Json): readonly string[] {
  return destinationSchema.safeParse(destination).data?.to === "user" ? schemes : [];
}

/** The member of a request that names attachments; nothing where there are none. */
export function attachmentsMember(attachments: readonly Attachment[] = []): {
  readonly attachments?: readonly PlatformAttachment[];
} {
  if (attachments.length === 0) return {};
  return {
    attachments: attachments.map(({ kind, uri, mimeType, name }) => ({
      kind,
      uri,
      ...(mimeType === null ? {} : { mime_type: mimeType }),
      ...(name === null ? {} : { name }),
    })),
  };
}
