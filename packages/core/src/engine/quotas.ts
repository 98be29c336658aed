import { BridgeError } from "../contract/errors.ts";
import { ownerOf, type Principal } from "../contract/principal.ts";
import type { Quota } from "../contract/quota.ts";
import type { Route } from "../contract/route.ts";
import type { Engine } from "./engine.ts";

/** What may be open when a task of this principal is accepted by this route. */
export function quotasOf(
  { limits }: Pick<Engine, "limits">,
  principal: Principal,
  route: Route,
): readonly Quota[] {
  if (principal.type === "operator") return [];
  const { principalTasks, principalBytes, conversationTasks, conversationBytes } = {
    ...limits.quotas,
    ...route.quotas,
  };
  return [
    { per: "owner", tasks: principalTasks, bytes: principalBytes },
    { per: "conversation", tasks: conversationTasks, bytes: conversationBytes },
  ];
}

/** Counts a request of a direct caller. @throws BridgeError QUOTA_EXCEEDED */
export function countRequest({ rate, limits }: Engine, principal: Principal): void {
  if (principal.type === "operator") return;
  const retryAfterMs = rate.take(ownerOf(principal));
  if (retryAfterMs === 0) return;
  const { messages: limit, windowMs } = limits.quotas;
  const what = `messages in ${windowMs / 1000} s`;
  throw new BridgeError("QUOTA_EXCEEDED", { what, limit, retryAfterMs });
}
