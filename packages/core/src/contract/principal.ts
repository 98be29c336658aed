/**
 * Who asks. Every read, wait, cancel, resume and answer is made by a principal through
 * `bridge.as(principal)`; there is no other way in.
 */
export type Principal =
  /** Owns the host and its configuration; sees everything. */
  | { readonly type: "operator" }
  /** An MCP or socket caller; `id` names its token, or `local` for this machine's own user. */
  | { readonly type: "client"; readonly id: string }
  /** A remote sender through a channel. `id` is null when the platform did not say who it was. */
  | {
      readonly type: "peer";
      readonly channel: string;
      readonly workspace: string;
      readonly id: string | null;
    }
  /** An agent process, never trusted more than the message that caused it. */
  | { readonly type: "run"; readonly taskId: string };

/** Whose a task is: text derived by the bridge from a principal, never taken from a caller. */
export type Owner = string;

const part = encodeURIComponent;

/** The owner under which a principal's tasks and conversations are stored. */
export function ownerOf(principal: Principal): Owner {
  switch (principal.type) {
    case "operator":
      return "operator";
    case "client":
      return `client:${part(principal.id)}`;
    case "peer":
      return `peer:${part(principal.channel)}/${part(principal.workspace)}/${principal.id === null ? "" : part(principal.id)}`;
    case "run":
      return `run:${part(principal.taskId)}`;
    default:
      return principal satisfies never;
  }
}

/** The task whose run is an owner; null for every other owner. */
export function runOf(owner: Owner): string | null {
  return owner.startsWith("run:") ? decodeURIComponent(owner.slice("run:".length)) : null;
}

/** Which rows a query may see: all of them (the operator), or one owner's. */
export type Scope = { readonly all: true } | { readonly owner: Owner };

/** The rows that a principal may see. */
export function scopeOf(principal: Principal): Scope {
  return principal.type === "operator" ? { all: true } : { owner: ownerOf(principal) };
}
