import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { document, makeHome } from "./home.ts";

interface Told {
  readonly type: string;
  readonly id?: string;
  readonly result?: { readonly task: { readonly id: string } };
  readonly event?: { readonly type: string; readonly data: { readonly questionId?: string } };
  readonly task?: object;
}

/** Signs in with the code of the page's address and opens the socket as the page does. */
async function openSocket(page: URL): Promise<{ socket: WebSocket; told: readonly Told[] }> {
  const signedIn = await fetch(new URL("/portal/session", page), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code: page.hash.replace("#code=", "") }),
  });
  expect(signedIn.status).toBe(204);
  const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
  const url = new URL("/api/v1/portal/ws", page);
  url.protocol = "ws:";
  url.hash = "";
  const socket = new WebSocket(url, { headers: { cookie, origin: page.origin } });
  onTestFinished(() => socket.close());
  const told: Told[] = [];
  socket.addEventListener(
    "message",
    ({ data }) => void told.push(JSON.parse(String(data)) as Told),
  );
  await expect.poll(() => told[0]?.type, { timeout: 15_000 }).toBe("welcome");
  return { socket, told };
}

test("the demo of the portal can be chatted with, asks, and leaves nothing after Ctrl-C", async () => {
  const home = makeHome();
  const temporary = join(home.folder, "tmp");
  mkdirSync(temporary);
  const demo = home.start(["demo", "--portal", "--json"], { env: { TMPDIR: temporary } });
  await expect.poll(demo.stdout, { timeout: 30_000 }).toContain("\n");
  const { url, home: demoHome } = document(demo.stdout());
  const page = new URL(String(url));
  const { socket, told } = await openSocket(page);
  const isThere = (is: (one: Told) => boolean) => async (): Promise<boolean> =>
    await Promise.resolve(told.some(is));

  const message =
    '[[think A note.]] [[tool notes__write {"text":"water the beans"}]] [[say It is noted.]]';
  socket.send(JSON.stringify({ type: "chat", id: "1", message }));
  const isQuestion = ({ event }: Told): boolean => event?.type === "turn.question";
  await expect.poll(isThere(isQuestion), { timeout: 30_000 }).toBe(true);
  const questionId = told.find(isQuestion)?.event?.data.questionId;
  socket.send(JSON.stringify({ type: "answer", id: "2", questionId, action: "accept" }));
  await expect
    .poll(
      isThere(({ type }) => type === "end"),
      { timeout: 30_000 },
    )
    .toBe(true);
  expect(told.find(({ type }) => type === "end")?.task).toMatchObject({
    runner: "react",
    status: "completed",
    output: "It is noted.",
  });

  expect(readdirSync(temporary)).toContain(String(demoHome).split("/").at(-1));
  demo.child.kill("SIGINT");
  expect(await demo.ended).toMatchObject({ code: 0, stderr: "" });
  await expect.poll(() => socket.readyState).toBe(WebSocket.CLOSED);
  expect(told.at(-1)).toEqual({ type: "stopping" });
  await expect(fetch(page)).rejects.toThrow("fetch failed");
  expect(readdirSync(temporary).filter((name) => name.startsWith("agent-bridge-"))).toEqual([]);
}, 90_000);
