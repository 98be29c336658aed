import { defineChannel } from "@agent-bridge/core";
import type { Channel, Clock, Logger, OutgoingReply } from "@agent-bridge/core";
import * as z from "zod";
import { attachableSchemes, attachmentsMember } from "./attachments.ts";
import type { Destination } from "./destination.ts";
import { createHeartbeat } from "./heartbeat.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { parseDestination } from "./http-send.ts";
import { platformClient } from "./platform-client.ts";
import type { Fetch } from "./platform-client.ts";
import type { TokenSource } from "./token.ts";
import { toolCaller } from "./tool-call.ts";
import type { CallTool } from "./tool-call.ts";
import { headOnly, readingAhead } from "./tools-queue.ts";
import type { MoleculeTools } from "./tools.ts";
import { createVitals } from "./vitals.ts";
import type { Figures } from "./vitals.ts";

/** An inbox behind tools. */
export interface MoleculeToolsOptions {
  /** The channel's name; it must stay the same over restarts. */
  readonly name: string;
  readonly tools: MoleculeTools;
  /** The workspace of messages that name none; "" by default, and then the tools' own. */
  readonly workspaceId?: string;
  readonly clock: Clock;
  /** Keeps the workspace online over HTTP, for an environment whose tools do not; `workspaceId` must be given. */
  readonly online?: Online;
}

/** Where a workspace is kept online, and by which token. */
export interface Online {
  readonly platformUrl: string;
  readonly token: TokenSource;
  readonly logger: Logger;
  /** Node's own by default. */
  readonly fetch?: Fetch;
}

/** A channel over tools, with all that its contract leaves open. */
export interface MoleculeToolsChannel extends Channel {
  receive: NonNullable<Channel["receive"]>;
  send: NonNullable<Channel["send"]>;
  ack: NonNullable<Channel["ack"]>;
  dispose: NonNullable<Channel["dispose"]>;
}

const ackSchema = z.strictObject({ activityId: z.string() });

/**
 * An inbox behind the platform's tools: a queue whose head stays until it is popped. With `inbox_peek` the
 * messages behind the head are received too, so that one long turn does not hold up all others.
 */
export function moleculeToolsChannel(options: MoleculeToolsOptions): MoleculeToolsChannel {
  const { name, tools, clock, workspaceId = "" } = options;
  const call = toolCaller(name, clock);
  const queue = { channel: name, tools, call, workspaceId, clock };
  const readsAhead = tools.inbox_peek !== undefined;
  const receive = readsAhead ? readingAhead(queue) : headOnly(queue);
  const vitals = createVitals(clock);
  const heartbeat = heartbeatOf(options, () => vitals.figures());

  return defineChannel<MoleculeToolsChannel>({
    name,
    inbox: "queue",
    readsAhead,

    receive: async ({ waitMs, signal, unacknowledged }) => {
      vitals.accepted(unacknowledged);
      if (!signal.aborted) heartbeat?.start();
      const deliveries = await vitals.counted(receive(waitMs, signal), signal);
      vitals.received(deliveries);
      return { deliveries, next: null };
    },

    send: async ({ destination, ...outgoing }, { signal }) => {
      const to = parseDestination(destination, name);
      await vitals.counted(sendBy({ tools, call, signal }, to, outgoing), signal);
      // A tool answers with a text for the agent and names nothing.
      return { ref: null };
    },

    attaches: attachableSchemes,

    deduplicates: () => false,

    ack: async (ref, { signal }) => {
      const { activityId } = ackSchema.parse(ref);
      await call("inbox_pop", {
        signal,
        waitMs: 0,
        run: (callOptions) => tools.inbox_pop({ activity_id: activityId }, callOptions),
      });
      vitals.popped(activityId);
    },

    dispose: async () => {
      await heartbeat?.[Symbol.asyncDispose]();
    },
  });
}

/** The heartbeat of an inbox behind tools, where it is wanted. @throws TypeError when nobody said whose */
function heartbeatOf(
  { name: channel, workspaceId = "", clock, online }: MoleculeToolsOptions,
  figures: () => Figures,
): Heartbeat | undefined {
  if (online === undefined) return undefined;
  if (workspaceId === "") throw new TypeError("Without a workspaceId nothing can be kept online.");
  const client = platformClient({ ...online, channel, clock, fetch: online.fetch ?? fetch });
  return createHeartbeat({ workspaceId, channel, client, clock, logger: online.logger, figures });
}

interface Sending {
  readonly tools: MoleculeTools;
  readonly call: CallTool;
  readonly signal: AbortSignal;
}

/** Sends a text by the tool for its destination. */
async function sendBy(
  { tools, call, signal }: Sending,
  to: Destination,
  { text, attachments }: Omit<OutgoingReply, "destination">,
) {
  if (to.to === "user") {
    const workspace = to.workspace === "" ? {} : { workspace_id: to.workspace };
    return call("send_message_to_user", {
      signal,
      waitMs: 0,
      run: (options) =>
        tools.send_message_to_user(
          { message: text, ...workspace, ...attachmentsMember(attachments) },
          options,
        ),
    });
  }
  const source = to.source === "" ? {} : { source_workspace_id: to.source };
  return call("delegate_task", {
    signal,
    waitMs: 0,
    run: (options) =>
      tools.delegate_task({ workspace_id: to.peer, task: text, ...source }, options),
  });
}
