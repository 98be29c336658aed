import { defaultToken, startFakePlatform } from "@agent-bridge/testing/fake-platform";
import { expect, test } from "vitest";
import { document, makeHome, workingConfig } from "./home.ts";

test("S35 a second home that shares one of several workspaces is refused by its name, and free when the first is gone", async () => {
  await using platform = await startFakePlatform({
    workspaces: ["ws-1", "ws-2", "ws-3"].map((id) => ({ id })),
  });
  const configOf = (...ids: readonly string[]) => ({
    plugins: {
      ...workingConfig.plugins,
      "@agent-bridge/plugin-molecule": {
        workspaces: ids.map((id) => ({ id, platformUrl: platform.url, token: defaultToken })),
      },
    },
    routes: [{ kind: "canvas_user", from: "*", runner: "scripted" }],
  });
  const one = makeHome({ config: configOf("ws-1", "ws-2") });
  const two = makeHome({ config: configOf("ws-3", "ws-2"), beside: one });
  const first = await one.up();
  const refused = await two.run(["up"]);
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain(`molecule ${platform.url} ws-2 is already polled by`);
  expect(refused.stderr).toContain(`process ${first.child.pid}`);
  // The refused one has asked for nothing of what is its own either.
  expect(platform.state.sent.polls()["ws-3"]).toBeUndefined();
  first.child.kill("SIGTERM");
  await first.ended;

  await two.up();
  for (const id of ["ws-2", "ws-3"])
    platform.state.addCanvas({ workspace: id, text: `say hello ${id}` });
  const told = () => platform.log().entries.filter(({ endpoint }) => endpoint === "notify");
  await expect.poll(() => told().length, { timeout: 15_000 }).toBe(2);
  const status = document((await two.run(["status", "--json"])).stdout);
  expect(status).toMatchObject({
    bridge: { channels: [{ name: "molecule:ws-3" }, { name: "molecule:ws-2" }] },
  });
});

test("S35 one workspace twice in one configuration is refused before anything is asked", async () => {
  await using platform = await startFakePlatform();
  const workspace = { id: "ws-self", platformUrl: platform.url, token: defaultToken };
  const home = makeHome({
    config: {
      plugins: {
        "@agent-bridge/plugin-molecule": { workspaces: [workspace, { ...workspace, name: "b" }] },
      },
      routes: [],
    },
  });
  const { code, stderr } = await home.run(["up"]);
  expect(code).toBe(3);
  expect(stderr).toContain("the workspace ws-self stands here twice");
  expect(platform.log().entries).toEqual([]);
});
