import * as z from "zod";

/** Pieces of tool inputs. What is not taken here never reaches the bridge. */

/** An id that the bridge has given: printable ASCII, so that no text can hide in it. */
export const id = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "must be an id")
  .describe("An id from an earlier answer.");

export const name = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "must be a name")
  .describe("A name that bridge_describe shows.");

export const cursor = z
  .string()
  .max(256)
  .describe("A cursor from an earlier answer. Left out: from the beginning.");

export const text = z.string().min(1);

export const idempotencyKey = z
  .string()
  .min(1)
  .max(256)
  .describe(
    "One key, one task: the same key and request find the same task again, also after a lost answer.",
  );

/** How long a call may wait: what clients bear by default, and at most. */
export const defaultWaitSeconds = 45;
const maxWaitSeconds = 280;

export const waitSeconds = z.number().min(0).max(maxWaitSeconds);

export const pageLimit = z.int().min(1).max(100);
