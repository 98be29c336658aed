import type { Endpoint, FaultKind } from "./faults.ts";
import { talkToUserDisabled } from "./outgoing.ts";
import type { Answer } from "./outgoing.ts";
import type { PlatformState } from "./state.ts";

/** One call of an endpoint or tool. */
export interface PlatformCall {
  readonly via: "http" | "tools";
  readonly endpoint: Endpoint;
  readonly workspace: string | undefined;
  readonly body: unknown;
  readonly idempotencyKey?: unknown;
}

/** What the caller gets to see. */
export type Outcome =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly text: string;
      readonly delayMs: number;
      /** The text is to be shown as it is, also by a tool that words its answers itself. */
      readonly isVerbatim: boolean;
    }
  | { readonly kind: "hang" }
  | { readonly kind: "close"; readonly isDone: boolean };

/** These are counted, not recorded one by one. */
const polls: ReadonlySet<Endpoint> = new Set(["activity", "wait_for_message", "inbox_peek"]);

/**
 * Carries out one call: takes the fault that is armed for it, does the work unless the fault forbids it, and
 * records the call before anybody can see the outcome.
 */
export function carryOut(state: PlatformState, call: PlatformCall, work: () => Answer): Outcome {
  const fault = state.faults.take(call.endpoint, call.workspace);
  const { outcome, effect } = fault === undefined ? worked(work()) : failing(fault, work);
  if (polls.has(call.endpoint)) state.sent.countPoll(call.workspace);
  else {
    state.sent.append({
      via: call.via,
      endpoint: call.endpoint,
      workspace: call.workspace ?? null,
      body: call.body ?? null,
      idempotencyKey: typeof call.idempotencyKey === "string" ? call.idempotencyKey : null,
      effect,
      status: outcome.kind === "answer" ? outcome.status : null,
      fault: fault?.fault ?? null,
    });
  }
  return outcome;
}

interface Judged {
  readonly outcome: Outcome;
  readonly effect: Answer["effect"];
}

function worked(answer: Answer, delayMs = 0): Judged {
  const text = JSON.stringify(answer.body);
  return {
    outcome: { kind: "answer", status: answer.status, text, delayMs, isVerbatim: false },
    effect: answer.effect,
  };
}

/** An answer in place of the work. */
function instead(status: number, text: string): Judged {
  return {
    outcome: { kind: "answer", status, text, delayMs: 0, isVerbatim: status === 200 },
    effect: "none",
  };
}

type Failing<Kind extends FaultKind["fault"]> = (
  fault: Extract<FaultKind, { readonly fault: Kind }>,
  work: () => Answer,
) => Judged;

/** What each fault makes of a call. */
const failings: { readonly [Kind in FaultKind["fault"]]: Failing<Kind> } = {
  status: ({ status, text }) => instead(status, text ?? JSON.stringify({ error: "armed fault" })),
  answer: ({ text }) => instead(200, text),
  not_json: () => instead(200, "<html>not json at all</html>"),
  json_string: () => instead(200, JSON.stringify("a string, no object")),
  talk_to_user_disabled: () => worked(talkToUserDisabled),
  hang: () => ({ outcome: { kind: "hang" }, effect: "none" }),
  close: () => ({ outcome: { kind: "close", isDone: false }, effect: "none" }),
  close_after: (_fault, work) => ({
    outcome: { kind: "close", isDone: true },
    effect: work().effect,
  }),
  delay: ({ delayMs }, work) => worked(work(), delayMs),
};

function failing(fault: FaultKind, work: () => Answer): Judged {
  // The table has the fault's own row; TypeScript does not follow that through the union.
  return (failings[fault.fault] as Failing<FaultKind["fault"]>)(fault, work);
}
