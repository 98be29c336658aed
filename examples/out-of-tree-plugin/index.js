import { definePlugin } from "@agent-bridge/core";
import * as z from "zod";
import { folderChannel } from "./channel.js";
import { folderNote } from "./kind.js";
import { parrot } from "./runner.js";

export default definePlugin({
  name: "folder",
  version: "1.0.0",
  api: 1,
  // What stands beside its name in the configuration.
  options: z.strictObject({
    name: z.string().min(1).default("notes"),
    path: z.string().startsWith("/"),
  }),
  kinds: [folderNote],
  create: (options, context) => ({
    runners: [parrot],
    channels: [folderChannel(options, context)],
  }),
  exampleRoutes: [{ kind: "folder.note", from: ["alice"], runner: "parrot" }],
});
