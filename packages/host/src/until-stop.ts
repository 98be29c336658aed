import { type Bridge, BridgeError } from "@agent-bridge/core";

/**
 * A bridge whose clients begin nothing while the daemon stops. What is refused was not stored, so whoever asks
 * again doubles nothing; to read, to cancel and to answer is possible until the end.
 */
export function untilStop(
  bridge: Pick<Bridge, "as">,
  isStopping: () => boolean,
): Pick<Bridge, "as"> {
  const beginning =
    <Q, R>(begin: (request: Q) => Promise<R>) =>
    async (request: Q): Promise<R> => {
      if (isStopping()) throw new BridgeError("DAEMON_LOST", { detail: "the daemon stops" });
      return await begin(request);
    };
  return {
    as: (principal) => {
      const handle = bridge.as(principal);
      return {
        ...handle,
        start: beginning(async (request) => await handle.start(request)),
        resume: beginning(async (request) => await handle.resume(request)),
        retryDeadLetter: beginning(async (id) => await handle.retryDeadLetter(id)),
      };
    },
  };
}
