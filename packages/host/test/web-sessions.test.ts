import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manualClock } from "@agent-bridge/testing";
import { expect, test } from "vitest";
import { cookieName, WebSessions } from "../src/http/web-sessions.ts";
import { temporaryFolder } from "./temporary.ts";

const minutes = 60_000;
const days = 24 * 60 * minutes;

function sessionsIn(folder = temporaryFolder(), clock = manualClock()) {
  const file = join(folder, "web-sessions.json");
  return { file, clock, folder, sessions: new WebSessions({ file, clock }) };
}

/** What a browser sends back. */
const cookieOf = (header = ""): string => header.split(";", 1)[0] ?? "";

test("a code opens one session, once, and its cookie is then known", () => {
  const { sessions } = sessionsIn();
  const code = sessions.makeCode();
  const header = sessions.open(code);
  expect(header).toMatch(/; HttpOnly; SameSite=Strict$/);
  expect(sessions.isKnown(`other=1; ${cookieOf(header)}`)).toBe(true);
  expect(sessions.open(code)).toBeUndefined();
});

test("a code that was made up, or that waited for over two minutes, opens nothing", async () => {
  const { sessions, clock } = sessionsIn();
  expect(sessions.open("made-up")).toBeUndefined();
  const code = sessions.makeCode();
  await clock.advance(2 * minutes);
  expect(sessions.open(code)).toBeUndefined();
});

test("S36 a clock that jumps ends no code", () => {
  const { sessions, clock } = sessionsIn();
  const code = sessions.makeCode();
  clock.jump(days);
  expect(sessions.open(code)).toBeDefined();
});

test("a session lasts over a restart, seven days, and only its hash is kept, in a private file", async () => {
  const { file, folder, clock, sessions } = sessionsIn();
  const cookie = cookieOf(sessions.open(sessions.makeCode()));
  const kept = readFileSync(file, "utf8");
  expect(kept).not.toContain(cookie.slice(cookieName.length + 1));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = sessionsIn(folder, clock).sessions;
  expect(again.isKnown(cookie)).toBe(true);
  await clock.advance(7 * days);
  expect(again.isKnown(cookie)).toBe(false);
});

test.each(["", cookieName, `${cookieName}=`, `${cookieName}=x`, "a=b; c=d", "x".repeat(9_000)])(
  "a cookie that is none is nobody's (%#)",
  (cookie) => {
    const { sessions } = sessionsIn();
    sessions.open(sessions.makeCode());
    expect(sessions.isKnown(cookie)).toBe(false);
  },
);

test("a damaged file costs the sessions, and nothing else", () => {
  const { file, folder } = sessionsIn();
  writeFileSync(file, "{", { mode: 0o600 });
  const { sessions } = sessionsIn(folder);
  expect(sessions.isKnown(`${cookieName}=x`)).toBe(false);
  expect(sessions.open(sessions.makeCode())).toBeDefined();
});

test("there are at most a hundred sessions: the oldest one ends for a new one", () => {
  const { sessions } = sessionsIn();
  const cookies = Array.from({ length: 101 }, () => cookieOf(sessions.open(sessions.makeCode())));
  expect(sessions.isKnown(cookies[0])).toBe(false);
  expect(sessions.isKnown(cookies[1])).toBe(true);
  expect(sessions.isKnown(cookies[100])).toBe(true);
});
