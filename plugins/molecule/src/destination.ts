import * as z from "zod";

/** Where a reply goes: to the person at a workspace's canvas, or to a peer's workspace. */
export const destinationSchema = z.discriminatedUnion("to", [
  z.strictObject({
    to: z.literal("user"),
    /** The workspace whose canvas it is; "" where nobody said, then it is the channel's own. */
    workspace: z.string(),
  }),
  z.strictObject({
    to: z.literal("peer"),
    peer: z.string().min(1),
    /** Our workspace, in whose name it is sent; "" as above. */
    source: z.string(),
  }),
]);

/** The plain data that the kinds give as `destination` and both channels take. */
export type Destination = Readonly<z.output<typeof destinationSchema>>;
