import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { programBeside, spawnServer } from "../../src/loopback/spawn.ts";

const stub = new URL("../../src/stub-model/main.ts", import.meta.url);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
};

describe("spawnServer", () => {
  test("answers with the address, and closing it ends the process", async () => {
    const server = await spawnServer(stub, []);
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(200);
    await server.close();
    expect(isAlive(server.pid)).toBe(false);
    await server.close();
  });

  test("a port that is asked for is used", async () => {
    const first = await spawnServer(stub, []);
    const { port } = new URL(first.url);
    await first.close();
    await using second = await spawnServer(stub, ["--port", port]);
    expect(new URL(second.url).port).toBe(port);
  });

  test("a program that cannot start is told with its own words", async () => {
    await expect(spawnServer(stub, ["--bad-option"])).rejects.toThrow("--bad-option");
  });

  test("a server does not outlive the process that started it", async () => {
    const spawnModule = new URL("../../src/loopback/spawn.ts", import.meta.url).href;
    const program = `
      import { spawnServer } from ${JSON.stringify(spawnModule)};
      const server = await spawnServer(new URL(${JSON.stringify(stub.href)}), []);
      console.log(server.pid);
      setInterval(() => {}, 60_000);`;
    const parent = spawn(
      process.execPath,
      ["--conditions=agent-bridge-source", "--input-type=module", "--eval", program],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = (await once(createInterface(parent.stdout), "line")) as [string];
    const pid = Number(line);
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
  });
});

describe("programBeside", () => {
  test("is the source beside a source, and the build beside a build", () => {
    expect(programBeside("file:///p/src/stub-model/spawn.ts").href).toBe(
      "file:///p/src/stub-model/main.ts",
    );
    expect(programBeside("file:///p/dist/stub-model/spawn.js").href).toBe(
      "file:///p/dist/stub-model/main.js",
    );
  });
});
