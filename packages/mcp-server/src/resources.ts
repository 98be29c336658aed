import type { Handle, Json, JsonObject } from "@agent-bridge/core";
import { eventView } from "./event-view.ts";
import { countThatFits } from "./fit.ts";
import { questionsOf, taskView } from "./task-view.ts";
import { objectToWire } from "./wire.ts";

/** A resource under a fixed address. */
export interface ShownResource {
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: "application/json";
}

const mimeType = "application/json" as const;

/** What may stand in a list of events at once; the rest is behind its `next`. */
const eventsBytes = 1024 * 1024;
const eventLimit = 2000;

interface ResourceRow {
  /** The address after `bridge://`; an id in it is the first group, a cursor the second. */
  readonly pattern: RegExp;
  read(handle: Handle, id: string, after: string | null): Promise<Json>;
}

const idPattern = "([!-.0-~]{1,128})";

/** What can be read: a row each. */
const rows: readonly ResourceRow[] = [
  {
    pattern: /^kinds$/,
    read: async (handle) => await Promise.resolve(objectToWire({ kinds: handle.describe().kinds })),
  },
  {
    pattern: /^runners$/,
    read: async (handle) =>
      await Promise.resolve(objectToWire({ runners: handle.describe().runners })),
  },
  {
    pattern: new RegExp(`^tasks/${idPattern}$`),
    read: async (handle, taskId) => {
      const task = await handle.task(taskId);
      return taskView(task, await questionsOf(handle, task));
    },
  },
  {
    pattern: new RegExp(`^tasks/${idPattern}/events(?:\\?after=([!-~]{1,256}))?$`),
    read: readEvents,
  },
];

async function readEvents(handle: Handle, taskId: string, after: string | null): Promise<Json> {
  const page = await handle.events({ taskId, after, limit: eventLimit });
  const views: readonly JsonObject[] = page.events.map((event) => eventView(event));
  const count = countThatFits(views, eventsBytes);
  const cursor = count < views.length ? page.events[count - 1]?.cursor : page.next;
  const next = count < views.length || !page.atHead ? (cursor ?? null) : null;
  return {
    events: views.slice(0, count),
    next_cursor: cursor ?? null,
    next: next === null ? null : `bridge://tasks/${taskId}/events?after=${next}`,
  };
}

/** The resources without an id, in the order in which they are shown. */
export const resources: readonly ShownResource[] = [
  {
    uri: "bridge://kinds",
    name: "kinds",
    title: "Kinds",
    description: "The kinds of messages that you may send, with their JSON Schemas.",
    mimeType,
  },
  {
    uri: "bridge://runners",
    name: "runners",
    title: "Runners",
    description: "The agents that you may send to, with their health.",
    mimeType,
  },
];

/** The resources of a task. */
export const resourceTemplates = [
  {
    uriTemplate: "bridge://tasks/{id}",
    name: "task",
    title: "A task",
    description: "A task with its whole answer, which a tool's answer may have had to cut.",
    mimeType,
  },
  {
    uriTemplate: "bridge://tasks/{id}/events",
    name: "task events",
    title: "A task's events",
    description:
      "The events of a task from the first; `next` in it is the address of what follows.",
    mimeType,
  },
] as const;

const prefix = "bridge://";

/**
 * Reads a resource.
 *
 * @returns undefined for an address that is none of them
 * @throws BridgeError as the handle does
 */
export async function readResource(handle: Handle, uri: string): Promise<Json | undefined> {
  if (!uri.startsWith(prefix)) return undefined;
  const place = uri.slice(prefix.length);
  for (const row of rows) {
    const match = row.pattern.exec(place);
    if (match !== null) return await row.read(handle, match[1] ?? "", match[2] ?? null);
  }
  return undefined;
}
