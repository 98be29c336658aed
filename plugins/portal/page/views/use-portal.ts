import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Portal } from "../portal.ts";
import type { State } from "../state/state.ts";

/** The page's portal, for whatever lets people do something. */
export const PortalContext = createContext<Portal | null>(null);

export function usePortal(): Portal {
  const portal = useContext(PortalContext);
  if (portal === null) throw new TypeError("This view stands outside of the page.");
  return portal;
}

/** The page's state; it shows again when that has changed. */
export function usePortalState(portal: Portal): State {
  const [state, setState] = useState(portal.store.get());
  useEffect(() => {
    setState(portal.store.get());
    return portal.store.subscribe(() => setState(portal.store.get()));
  }, [portal]);
  return state;
}

/** The time, each second while it is looked at. */
export function useNow(isTicking: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!isTicking) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [isTicking]);
  return now;
}
