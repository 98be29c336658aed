import type { TaskStatus } from "./wire.ts";

/** Which tasks the list shows; an empty text is no condition. */
export interface TaskFilter {
  readonly status: "" | "open" | Exclude<TaskStatus, "cancelled">;
  readonly runner: string;
  readonly kind: string;
}

export const noFilter: TaskFilter = { status: "", runner: "", kind: "" };

/** What the page shows: it stands in the address, so that a reload and a link show the same. */
export type Place =
  | { readonly view: "chat"; readonly conversationId: string | null }
  | { readonly view: "tasks"; readonly taskId: string | null; readonly filter: TaskFilter };

const statuses: readonly string[] = [
  "open",
  "pending",
  "running",
  "input_required",
  "completed",
  "failed",
];

/** Reads the address's fragment. What is not known shows the chat. */
export function readPlace(fragment: string): Place {
  const [path = "", query = ""] = fragment.replace(/^#?\/?/, "").split("?");
  const [view, rest = ""] = path.split("/");
  const id = decoded(rest);
  if (view !== "tasks") return { view: "chat", conversationId: view === "chat" ? id : null };
  const asked = new URLSearchParams(query);
  const status = asked.get("status") ?? "";
  const filter = {
    status: (statuses.includes(status) ? status : "") as TaskFilter["status"],
    runner: asked.get("runner") ?? "",
    kind: asked.get("kind") ?? "",
  };
  return { view: "tasks", taskId: id, filter };
}

/** The fragment that `readPlace` reads. */
export function placeText(place: Place): string {
  if (place.view === "chat")
    return place.conversationId === null
      ? "#/chat"
      : `#/chat/${encodeURIComponent(place.conversationId)}`;
  const set = Object.entries(place.filter).filter(([, value]) => value !== "");
  const query = set.length === 0 ? "" : `?${new URLSearchParams(set).toString()}`;
  const id = place.taskId === null ? "" : `/${encodeURIComponent(place.taskId)}`;
  return `#/tasks${id}${query}`;
}

function decoded(text: string): string | null {
  try {
    return text === "" ? null : decodeURIComponent(text);
  } catch {
    // Not written by this page: it names nothing.
    return null;
  }
}

/** The one-time code of an address that was opened by `agent-bridge portal`; null where there is none. */
export function codeOf(fragment: string): string | null {
  const code = new URLSearchParams(fragment.replace(/^#/, "")).get("code");
  return code === null || code === "" ? null : code;
}
