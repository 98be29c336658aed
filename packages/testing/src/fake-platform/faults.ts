/** What can be made to fail: the HTTP endpoints, then the tools. */
export const endpoints = [
  "register",
  "heartbeat",
  "activity",
  "ack",
  "notify",
  "delegate",
  "a2a",
  "wait_for_message",
  "inbox_peek",
  "inbox_pop",
  "send_message_to_user",
  "delegate_task",
] as const;

/** An endpoint or tool of the platform. */
export type Endpoint = (typeof endpoints)[number];

/** How a call goes wrong. Only `close_after` and `delay` do the call's work. */
export type FaultKind =
  /** Answers this status, with this text as body when it is given. */
  | { readonly fault: "status"; readonly status: number; readonly text?: string }
  /** Answers 200 and this text, whatever it is. */
  | { readonly fault: "answer"; readonly text: string }
  /** Answers 200 and an HTML page. */
  | { readonly fault: "not_json" }
  /** Answers 200 and a JSON string where an object is expected. */
  | { readonly fault: "json_string" }
  /** Answers 403: the workspace may not write to its user. */
  | { readonly fault: "talk_to_user_disabled" }
  /** Never answers. */
  | { readonly fault: "hang" }
  /** Closes the connection before anything is done; a tool rejects. */
  | { readonly fault: "close" }
  /** Does the work and closes the connection without an answer: the caller cannot know. */
  | { readonly fault: "close_after" }
  /** Does the work at once and answers later. */
  | { readonly fault: "delay"; readonly delayMs: number };

/** A fault that waits for its call. */
export type Fault = FaultKind & {
  readonly endpoint: Endpoint;
  /** Only calls for this workspace; all by default. */
  readonly workspace?: string;
  /** How many calls are hit; 1 by default, null for all until disarmed. */
  readonly times?: number | null;
};

/** The faults that are armed, first in, first out for each endpoint. */
export interface Faults {
  arm(fault: Fault): void;
  /** Removes the armed faults of an endpoint, or all. */
  disarm(endpoint?: Endpoint): void;
  /** The fault that hits this call, which uses it up; `undefined` when none does. */
  take(endpoint: Endpoint, workspace: string | undefined): FaultKind | undefined;
}

/** Creates an empty list of faults. */
export function createFaults(): Faults {
  let armed: { readonly fault: Fault; left: number }[] = [];
  return {
    arm: (fault) => {
      armed.push({ fault, left: fault.times === null ? Infinity : (fault.times ?? 1) });
    },
    disarm: (endpoint) => {
      armed =
        endpoint === undefined ? [] : armed.filter(({ fault }) => fault.endpoint !== endpoint);
    },
    take: (endpoint, workspace) => {
      const entry = armed.find(
        ({ fault }) =>
          fault.endpoint === endpoint &&
          (fault.workspace === undefined || fault.workspace === workspace),
      );
      if (entry === undefined) return undefined;
      entry.left -= 1;
      if (entry.left <= 0) armed = armed.filter((one) => one !== entry);
      return entry.fault;
    },
  };
}
