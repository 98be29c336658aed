import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const gateUrl = new URL("../bin/node-gate.js", import.meta.url);
const { nodeProblem } = (await import(gateUrl.href)) as {
  nodeProblem: (version: string) => string | null;
};
const { engines } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { engines: { node: string } };

test.each(["24.16.0", "24.21.0", "26.1.0", "26.4.2", "27.0.0", "30.1.1"])(
  "Node %s will do",
  (version) => {
    expect(nodeProblem(version)).toBeNull();
  },
);

test.each(["12.22.12", "18.20.0", "20.19.1", "22.12.0", "24.15.9", "25.9.0", "26.0.9"])(
  "Node %s gets one line that tells what is needed",
  (version) => {
    const problem = nodeProblem(version) ?? "";
    expect(problem).toContain(`needs Node ${engines.node}; this is ${version}`);
    expect(problem).not.toContain("\n");
  },
);

test("an older Node ends with exit code 3 and that line, and no stack trace", () => {
  const bin = new URL("../bin/agent-bridge.js", import.meta.url);
  const preload = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.19.0"})`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", preload, fileURLToPath(bin), "version"],
    { encoding: "utf8" },
  );
  expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
  expect(stderr).toMatch(/^agent-bridge needs Node .*20\.19\.0.*\(NODE_TOO_OLD\)\n$/);
});

test("the files that an older Node reads use only the syntax that it knows", () => {
  for (const name of ["agent-bridge.js", "node-gate.js"]) {
    const source = readFileSync(new URL(`../bin/${name}`, import.meta.url), "utf8");
    const code = source.replaceAll(/\/\*[^]*?\*\/|\/\/.*|"[^"]*"/g, "");
    expect(code).not.toMatch(/\?\.|\?\?|=>|\bawait\b|\bconst\b|\blet\b|`|from "node:/);
  }
});
