import { expect, test } from "vitest";
import { document, makeHome, workingConfig } from "./home.ts";

const closed = { ...workingConfig, routes: [], limits: { concurrency: 7 } };

test("config reload takes changed routes over, refuses wrong ones as a whole, and says so", async () => {
  const home = makeHome();
  await home.up();
  home.writeConfig(closed);
  const reloaded = await home.run(["config", "reload"]);
  expect(reloaded).toMatchObject({ code: 0, stderr: "" });
  expect(reloaded.stdout).toBe(
    "Now in force:\n  routes: 1 before, 0 now\n  limits.concurrency: default before, 7 now\n",
  );
  expect((await home.run(["send", "say hello"])).stderr).toContain("ROUTE_NONE");
  home.writeConfig({ ...workingConfig, routes: [{ kind: "prompt", from: "*", runner: "nobody" }] });
  const refused = await home.run(["config", "reload", "--json"]);
  expect(refused.code).toBe(3);
  expect(document(refused.stdout)).toMatchObject({ error: { code: "CONFIG_INVALID" } });
  const status = await home.run(["status"]);
  expect(status.stdout).toMatch(/changed config +REFUSED .* in force: .*"nobody"/);
  expect(status.stdout).toMatch(/running +0 of 7/);
});

test("SIGHUP reads the configuration again; one that is wrong changes nothing and ends nothing", async () => {
  const home = makeHome();
  const daemon = await home.up();
  home.writeConfig("{ not JSON");
  daemon.child.kill("SIGHUP");
  await expect
    .poll(daemon.stderr, { timeout: 10_000 })
    .toContain("changed configuration is refused");
  expect((await home.run(["send", "say hello", "--follow"])).stdout).toBe("hello\n");
  home.writeConfig(closed);
  daemon.child.kill("SIGHUP");
  await expect.poll(daemon.stderr, { timeout: 10_000 }).toContain("configuration was read again");
  expect((await home.run(["send", "say hello"])).code).toBe(3);
  daemon.child.kill("SIGTERM");
  expect((await daemon.ended).code).toBe(0);
});
