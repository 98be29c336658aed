import { definePlugin, pluginApi } from "@agent-bridge/core";
import * as z from "zod";
import { canvasUser } from "./canvas-user.ts";
import { delegationResult } from "./delegation-result.ts";
import { moleculeHttpChannel } from "./http-channel.ts";
import { peerAgent } from "./peer-agent.ts";
import { normalUrl } from "./platform-client.ts";
import { startDelayMs } from "./stagger.ts";
import type { TokenSource } from "./token.ts";

const workspaceSchema = z
  .strictObject({
    /** The workspace's id on the platform. */
    id: z.string().min(1),
    /** The channel's name; `molecule:<id>` by default. It must stay the same over restarts. */
    name: z.string().min(1).optional(),
    /** The platform's address, `http` or `https`. */
    platformUrl: z.url({ protocol: /^https?$/ }),
    /** The workspace's token; in the configuration a reference to it. */
    token: z.string().min(1).optional(),
    /** The absolute path of a file that holds it, read at each use. */
    tokenFile: z.string().min(1).optional(),
  })
  .refine(({ token, tokenFile }) => (token === undefined) !== (tokenFile === undefined), {
    message: "give either token or tokenFile",
  });

/** Which inbox a workspace has, however its platform's address is written. */
function inboxOf({ id, platformUrl }: z.output<typeof workspaceSchema>): string {
  // What is no address at all is told of by its own rule.
  return JSON.stringify([URL.canParse(platformUrl) ? normalUrl(platformUrl) : platformUrl, id]);
}

/** The plugin's options. */
export const moleculeOptions = z.strictObject({
  /** The workspaces whose inboxes are read, one channel for each. */
  workspaces: z
    .array(workspaceSchema)
    .min(1)
    .superRefine((given, context) => {
      for (const [place, one] of given.entries()) {
        if (given.findIndex((other) => inboxOf(other) === inboxOf(one)) === place) continue;
        const message = `the workspace ${one.id} stands here twice; one poller serves an inbox`;
        context.addIssue({ code: "custom", path: [place], message });
      }
    }),
});

/** See {@link moleculeOptions}. */
export type MoleculeOptions = z.output<typeof moleculeOptions>;

/** The Molecule platform: its three kinds, and a channel for each workspace. */
export const moleculePlugin = definePlugin<MoleculeOptions>({
  name: "molecule",
  version: "0.1.0",
  api: pluginApi,
  options: moleculeOptions,
  kinds: [canvasUser, peerAgent, delegationResult],
  create: ({ workspaces }, { clock, logger }) => ({
    channels: workspaces.map((workspace, place) =>
      moleculeHttpChannel({
        name: workspace.name ?? `molecule:${workspace.id}`,
        platformUrl: workspace.platformUrl,
        workspaceId: workspace.id,
        token: tokenOf(workspace),
        startDelayMs: startDelayMs(place, workspaces.length),
        clock,
        logger,
      }),
    ),
  }),
  exampleRoutes: [
    { kind: "canvas_user", from: ["<workspace id>"], runner: "codex" },
    { kind: "peer_agent", from: ["<peer workspace id>"], runner: "codex" },
  ],
});

function tokenOf({ token, tokenFile }: MoleculeOptions["workspaces"][number]): TokenSource {
  return tokenFile === undefined ? { value: token ?? "" } : { file: tokenFile };
}
