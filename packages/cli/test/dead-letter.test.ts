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
