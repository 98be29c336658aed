import { render } from "preact";
import { socketPath } from "../src/paths.ts";
import { readKept, writeKept } from "./connection/kept.ts";
import { Line } from "./connection/line.ts";
import { openSession } from "./connection/session.ts";
import { Portal } from "./portal.ts";
import { codeOf, placeText, readPlace } from "./state/place.ts";
import { initialState } from "./state/state.ts";
import { createStore } from "./state/store.ts";
import { Page } from "./views/page.tsx";

/** How often the page looks for what others did, and how often it keeps its place for a reload. */
const refreshMs = 10_000;
const keepMs = 500;

/** Calls soon after: with the next picture, or in the background, where there are none, a little later. */
function soon(call: () => void): void {
  if (document.hidden) setTimeout(call, 50);
  else requestAnimationFrame(call);
}

const mark = (): string => {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return number.toString(36).padStart(7, "0").slice(-6);
};

const code = codeOf(location.hash);
// The code leaves the address before anything else happens, so that it is in no history and no screenshot.
if (code !== null) history.replaceState(null, "", placeText(readPlace("")));

const kept = readKept(sessionStorage);
const store = createStore(initialState(readPlace(location.hash)), soon);
const socketUrl = new URL(socketPath, location.href);
socketUrl.protocol = location.protocol === "https:" ? "wss:" : "ws:";

const line: Line = new Line({
  open: (listener) => {
    const socket = new WebSocket(socketUrl);
    socket.addEventListener("open", () => listener.opened());
    socket.addEventListener("message", ({ data }) => listener.heard(String(data)));
    socket.addEventListener("close", (end) => listener.closed(end));
    return socket;
  },
  later: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  now: () => Date.now(),
  random: () => Math.random(),
  onPush: (push) => portal.receive(push),
  onPhase: (link) => {
    store.update((state) => ({ ...state, link }));
    if (link.phase === "waiting" || link.phase === "signed-out") portal.chat.pause();
  },
});
const portal = new Portal({
  store,
  line,
  mark,
  kept,
  showPlace: (place, how) =>
    how === "push"
      ? history.pushState(null, "", placeText(place))
      : history.replaceState(null, "", placeText(place)),
});

let { draft } = kept;
const keep = (): void => writeKept(sessionStorage, { ...portal.kept, draft });
let isKeeping = false;
store.subscribe(() => {
  if (isKeeping) return;
  isKeeping = true;
  setTimeout(() => {
    isKeeping = false;
    keep();
  }, keepMs);
});
addEventListener("pagehide", keep);
addEventListener("popstate", () => portal.go(readPlace(location.hash), "none"));
addEventListener("online", () => line.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  line.hurry();
  void portal.refresh();
});
setInterval(() => {
  if (!document.hidden) void portal.refresh();
}, refreshMs);

const page = document.querySelector("#page");
if (page === null) throw new TypeError("The page has no place for its content.");
render(
  <Page
    portal={portal}
    line={line}
    draft={{ initial: draft, note: (text) => void (draft = text) }}
  />,
  page,
);

const refusal = code === null ? null : await openSession(code);
if (refusal === null) line.connect();
else store.update((state) => ({ ...state, link: { phase: "signed-out", reason: refusal } }));
