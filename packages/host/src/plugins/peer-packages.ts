import { registerHooks } from "node:module";

/** What every plugin shares with its host: peer dependencies, so that there is one copy of each. */
const shared = /^(?:@agent-bridge\/core|zod)(?:\/|$)/;

let isOffered = false;

/**
 * Lets plugins import the host's own core and zod where they bring none: `plugin add` installs no peer
 * dependencies. One that has its own beside it gets that.
 */
export function offerPeerPackages(): void {
  if (isOffered) return;
  isOffered = true;
  registerHooks({
    resolve: (specifier, context, next) => {
      if (!shared.test(specifier)) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
    },
  });
}
