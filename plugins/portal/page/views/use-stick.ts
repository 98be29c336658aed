import type { RefObject } from "preact";
import { useCallback, useLayoutEffect, useRef, useState } from "preact/hooks";

/** What counts as being at the end. */
const nearPx = 48;

/** Keeps a scroller at its end while its content grows, but only when the reader is there already. */
export function useStick(of: string): {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly isAtEnd: boolean;
  readonly toEnd: () => void;
} {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isStuck = useRef(true);
  const [isAtEnd, setIsAtEnd] = useState(true);
  const toEnd = useCallback(() => {
    isStuck.current = true;
    const element = scroller.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
    setIsAtEnd(true);
  }, []);
  useLayoutEffect(() => toEnd(), [of, toEnd]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || content.current === null) return;
    let lastTop = element.scrollTop;
    const look = (): void => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      const isNear = scrollHeight - scrollTop - clientHeight < nearPx;
      // Content that grows moves the end away; only a reader moves upwards.
      if (isNear) isStuck.current = true;
      else if (scrollTop < lastTop) isStuck.current = false;
      lastTop = scrollTop;
      setIsAtEnd(isNear || isStuck.current);
    };
    const grown = new ResizeObserver(() => {
      if (isStuck.current) element.scrollTop = element.scrollHeight;
      look();
    });
    element.addEventListener("scroll", look, { passive: true });
    grown.observe(content.current);
    grown.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      grown.disconnect();
    };
  }, []);
  return { scroller, content, isAtEnd, toEnd };
}
