import { defaultToken, startFakePlatform } from "@agent-bridge/testing/fake-platform";
import { expect, test } from "vitest";
import { document, makeHome, workingConfig } from "./home.ts";

test("S06 a message that no route allowed is listed, shown, and taken up when one does", async () => {
  await using platform = await startFakePlatform();
  const workspaces = [{ id: "ws-self", platformUrl: platform.url, token: defaultToken }];
  const config = {
    ...workingConfig,
    plugins: { ...workingConfig.plugins, "@agent-bridge/plugin-molecule": { workspaces } },
  };
  const home = makeHome({ config });
  const first = await home.up();
  platform.state.addCanvas({ workspace: "ws-self", text: "say let me in" });
  const listed = async (): Promise<readonly { id: string }[]> =>
    document((await home.run(["dead-letter", "list", "--json"])).stdout)["deadLetters"] as {
      id: string;
    }[];
  await expect.poll(listed, { timeout: 8000 }).toMatchObject([{ reason: "not_allowed" }]);
  const id = (await listed())[0]?.id ?? "";
  const shown = await home.run(["dead-letter", "show", id]);
  expect(shown.stdout).toContain("say let me in");
  expect(shown.stdout).toContain("not_allowed");
  const refused = await home.run(["dead-letter", "retry", id]);
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toContain("No route allows");
  expect(await home.run(["dead-letter", "show", "dead_none"])).toMatchObject({ code: 5 });
  first.child.kill("SIGTERM");
  await first.ended;

  const route = { kind: "canvas_user", from: "*", runner: "scripted" };
  home.writeConfig({ ...config, routes: [...config.routes, route] });
  await home.up();
  const retried = document((await home.run(["dead-letter", "retry", id, "--json"])).stdout);
  expect(retried["taskId"]).toMatch(/^task_/);
  await expect
    .poll(() => platform.log().entries.filter(({ endpoint }) => endpoint === "notify"))
    .toMatchObject([{ body: { message: "let me in" } }]);
  expect(await listed()).toEqual([]);
});

test("S06 dead letters are dropped by name or by what they have in common, after a yes", async () => {
  await using platform = await startFakePlatform();
  const workspaces = [{ id: "ws-self", platformUrl: platform.url, token: defaultToken }];
  const home = makeHome({
    config: {
      ...workingConfig,
      plugins: { ...workingConfig.plugins, "@agent-bridge/plugin-molecule": { workspaces } },
    },
  });
  await home.up();
  for (const text of ["one", "two", "three"])
    platform.state.addCanvas({ workspace: "ws-self", text: `say ${text}` });
  platform.state.addRow({ workspace_id: "ws-self", source_id: "ws-peer" });
  const json = async (...args: readonly string[]): Promise<Record<string, unknown>> =>
    document((await home.run(["dead-letter", ...args, "--json"])).stdout);
  const listed = async (): Promise<readonly string[]> =>
    ((await json("list"))["deadLetters"] as { id: string }[]).map(({ id }) => id);
  await expect.poll(listed, { timeout: 8000 }).toHaveLength(4);
  const [one = "", two = "", three = "", four = ""] = await listed();

  expect(await json("drop", one)).toEqual({ dropped: [one] });
  expect(await json("drop", one)).toEqual({ dropped: [] });
  // Nobody can be asked where nobody looks on.
  const unasked = await home.run(["dead-letter", "drop", two, three]);
  expect(unasked).toMatchObject({ code: 2, stdout: "" });
  expect(unasked.stderr).toContain("--yes");
  for (const wrong of [[], [two, "--all"], [two, "--reason", "x"], ["--all", "--before", "noon"]])
    expect(await home.run(["dead-letter", "drop", ...wrong])).toMatchObject({ code: 2 });
  expect(await listed()).toEqual([two, three, four]);

  expect(await json("drop", "--all", "--yes", "--reason", "hop_limit")).toEqual({ dropped: [] });
  expect(await json("drop", "--all", "--yes", "--before", "2001-01-01")).toEqual({ dropped: [] });
  expect(await json("drop", two, "dead_none", "--yes")).toEqual({ dropped: [two] });
  const rest = await json("drop", "--all", "--yes", "--reason", "not_allowed");
  expect(rest).toEqual({ dropped: [four, three] });
  expect(await listed()).toEqual([]);
});

test("S06 several are taken up at once, and one that still can not be handled keeps no other back", async () => {
  await using platform = await startFakePlatform();
  const workspaces = [{ id: "ws-self", platformUrl: platform.url, token: defaultToken }];
  const config = {
    ...workingConfig,
    plugins: { ...workingConfig.plugins, "@agent-bridge/plugin-molecule": { workspaces } },
  };
  const home = makeHome({ config });
  const first = await home.up();
  platform.state.addCanvas({ workspace: "ws-self", text: "say one" });
  platform.state.addPeer({ workspace: "ws-self", peer: "ws-peer", text: "say two" });
  platform.state.addCanvas({ workspace: "ws-self", text: "say three" });
  const count = async (): Promise<number> =>
    (document((await home.run(["dead-letter", "list", "--json"])).stdout)["deadLetters"] as [])
      .length;
  await expect.poll(count, { timeout: 8000 }).toBe(3);
  first.child.kill("SIGTERM");
  await first.ended;

  const route = { kind: "canvas_user", from: "*", runner: "scripted" };
  home.writeConfig({ ...config, routes: [...config.routes, route] });
  await home.up();
  const ended = await home.run(["dead-letter", "retry", "--all", "--yes", "--json"]);
  expect(ended.code).toBe(1);
  const taskId = expect.stringMatching(/^task_/) as string;
  const refused = expect.objectContaining({ code: "INPUT_INVALID" }) as object;
  expect(document(ended.stdout)["retried"]).toMatchObject([
    { taskId },
    { error: refused },
    { taskId },
  ]);
  const told = () => platform.log().entries.filter(({ endpoint }) => endpoint === "notify");
  await expect
    .poll(() => told().map(({ body }) => body))
    .toEqual([{ message: "one" }, { message: "three" }]);
  expect(await count()).toBe(1);
  const none = await home.run(["dead-letter", "retry", "--all", "--reason", "hop_limit"]);
  expect(none).toMatchObject({ code: 0, stdout: "There is none to take up.\n" });
});

test("S28 a reply that could not be delivered is seen at its task and conversation, and sent again", async () => {
  await using platform = await startFakePlatform();
  const workspaces = [{ id: "ws-self", platformUrl: platform.url, token: defaultToken }];
  const home = makeHome({
    config: {
      plugins: { ...workingConfig.plugins, "@agent-bridge/plugin-molecule": { workspaces } },
      routes: [{ kind: "canvas_user", from: "*", runner: "scripted" }],
    },
  });
  await home.up();
  platform.state.setWorkspace({ id: "ws-self", talkToUser: false });
  platform.state.addCanvas({ workspace: "ws-self", text: "say hello" });
  const task = async (): Promise<Record<string, unknown>> => {
    const { stdout } = await home.run(["task", "list", "--json"]);
    return (document(stdout)["tasks"] as Record<string, unknown>[])[0] ?? {};
  };
  await expect.poll(task, { timeout: 8000 }).toMatchObject({ reply: "dead" });
  const { id, conversationId } = (await task()) as { id: string; conversationId: string };
  const shown = document((await home.run(["task", "show", id, "--json"])).stdout);
  const { deadLetterId, reason } = shown["replyFailure"] as Record<string, string>;
  expect(reason).toContain("talk_to_user_disabled");
  const text = (await home.run(["task", "show", id])).stdout;
  expect(text).toContain(`agent-bridge dead-letter retry ${deadLetterId}`);
  const conversation = (await home.run(["conversation", "show", conversationId])).stdout;
  expect(conversation).toContain("assistant (not delivered)");

  platform.state.setWorkspace({ id: "ws-self", talkToUser: true });
  await home.run(["dead-letter", "retry", deadLetterId ?? ""]);
  await expect.poll(task, { timeout: 8000 }).toMatchObject({ reply: "delivered" });
  const after = await home.run(["conversation", "show", conversationId, "--json"]);
  expect(document(after.stdout)["undelivered"]).toEqual([]);
});
