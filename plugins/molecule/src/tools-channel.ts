import { defineChannel } from "@agent-bridge/core";
import type { Channel, Clock, OutgoingReply } from "@agent-bridge/core";
import * as z from "zod";
import { attachableSchemes, attachmentsMember } from "./attachments.ts";
import type { Destination } from "./destination.ts";
import { parseDestination } from "./http-send.ts";
import { toolCaller } from "./tool-call.ts";
import type { CallTool } from "./tool-call.ts";
import { headOnly, readingAhead } from "./tools-queue.ts";
import type { MoleculeTools } from "./tools.ts";

/** An inbox behind tools. */
export interface MoleculeToolsOptions {
  /** The channel's name; it must stay the same over restarts. */
  readonly name: string;
  readonly tools: MoleculeTools;
  /** The workspace of messages that name none; "" by default, and then the tools' own. */
  readonly workspaceId?: string;
  readonly clock: Clock;
}

/** A channel over tools, with all that its contract leaves open. */
export interface MoleculeToolsChannel extends Channel {
  receive: NonNullable<Channel["receive"]>;
  send: NonNullable<Channel["send"]>;
  ack: NonNullable<Channel["ack"]>;
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

  return defineChannel<MoleculeToolsChannel>({
    name,
    inbox: "queue",
    readsAhead,

    receive: async ({ waitMs, signal }) => ({
      deliveries: await receive(waitMs, signal),
      next: null,
    }),

    send: async ({ destination, ...outgoing }, { signal }) => {
      const to = parseDestination(destination, name);
      await sendBy({ tools, call, signal }, to, outgoing);
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
    },
  });
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
