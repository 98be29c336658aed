import type { Claim } from "../contract/work.ts";
import type { Session } from "../contract/runner.ts";
import { recoveryPrompt } from "./texts.ts";

/** How an attempt begins. */
export type Beginning =
  /** From the request itself: nothing of it was ever begun. */
  | { readonly type: "new"; readonly prompt: string; readonly session: Session | null }
  /** One turn in the session that was interrupted. Without that session there is nothing to go on with. */
  | { readonly type: "resumed"; readonly prompt: string; readonly session: Session }
  /** It may be partly done and can not be gone on with: never run again blindly. */
  | { readonly type: "interrupted"; readonly message: string };

/**
 * Decides how to go on with a claimed task. What was not begun is run as new; what was begun goes on in
 * its session, where the route allows it and a session is stored; else it ends as interrupted. An
 * answered question goes on with its own state and is no interruption.
 */
export function beginningOf(claim: Claim): Beginning {
  const { prompt } = claim.task.input;
  if (claim.answered !== null || !claim.begun)
    return { type: "new", prompt, session: claim.session };
  if (claim.rules.recover === "resume" && claim.session !== null) {
    return { type: "resumed", prompt: recoveryPrompt(prompt), session: claim.session };
  }
  const why = claim.session === null ? "no session of it is stored" : "its route does not resume";
  return {
    type: "interrupted",
    message: `${claim.task.runner} was interrupted in the middle of this request, and ${why}. Some of it may be done; it was not run again.`,
  };
}
