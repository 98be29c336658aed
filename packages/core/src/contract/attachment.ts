import * as z from "zod";

/** True for an absolute address without white space, controls and what a reader takes for its end. */
const isAbsolute = (uri: string): boolean => /^[a-z][a-z\d+.-]*:[^\s\p{C}<>"]+$/iu.test(uri);

/** A line of text: no controls. */
const line = z
  .string()
  .min(1)
  .max(255)
  .regex(/^\P{C}+$/u);

/**
 * A file that goes with a text: named by its address, never carried. The bridge fetches no address that
 * it was given; what stands behind one is for the agent, or the platform, to look at.
 */
export const attachmentSchema = z.strictObject({
  kind: z.enum(["file", "image", "audio", "video"]),
  /** Absolute, at most 2,048 characters. */
  uri: z.string().max(2048).refine(isAbsolute, "write an absolute address"),
  /** Null where it is not known. */
  mimeType: line.nullable(),
  /** What people call it; null where it has no name. */
  name: line.nullable(),
});

/** A file that goes with a text. */
export type Attachment = Readonly<z.output<typeof attachmentSchema>>;

/** The most attachments of one text. */
export const maxAttachments = 16;
