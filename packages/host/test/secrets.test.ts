import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveSecrets } from "../src/config/secrets.ts";
import { temporaryFolder } from "./temporary.ts";

test("references are resolved wherever they stand, and their texts are told for the log to hide", () => {
  const file = join(temporaryFolder(), "token");
  writeFileSync(file, "from-a-file\n", { mode: 0o600 });
  const options = {
    token: { $env: "TOKEN" },
    rooms: [{ key: { $file: file }, name: "one" }],
  };
  expect(resolveSecrets(options, { TOKEN: "from-the-env" })).toEqual({
    value: { token: "from-the-env", rooms: [{ key: "from-a-file", name: "one" }] },
    secrets: ["from-the-env", "from-a-file"],
    problems: [],
  });
});

test.each([
  [{ $env: "NOT_SET" }, "which is not set"],
  [{ $file: "relative" }, "write the whole path"],
  [{ $file: "/no/such/file" }, "can not be read"],
  [{ $file: "/" }, "which is not a file"],
  [{ $env: "A", $file: "/b" }, "with a text and nothing else"],
  [{ $env: 5 }, "with a text and nothing else"],
])("%j is told with its path", (reference, message) => {
  expect(resolveSecrets({ token: reference }, {}).problems).toEqual([
    { path: ["token"], message: expect.stringContaining(message) },
  ]);
});

test("an option with the name of something that every object has is an option", () => {
  const options = {
    constructor: "a",
    rooms: [{ toString: "b", valueOf: { hasOwnProperty: "c" } }],
  };
  expect(resolveSecrets(options as never, {})).toEqual({
    value: options,
    secrets: [],
    problems: [],
  });
});

test("a secret's file that others may read is refused", () => {
  const file = join(temporaryFolder(), "token");
  writeFileSync(file, "secret-text");
  chmodSync(file, 0o644);
  // Files of root are taken as they are, so the one of a test that runs as root is given away.
  if (process.getuid?.() === 0) chownSync(file, 4242, 4242);
  expect(resolveSecrets({ token: { $file: file } }, {}).problems).toHaveLength(1);
});

test("a secret that stands in the file as it is is kept out of logs by the name of its option", () => {
  const options = {
    workspaces: [{ id: "ws-1", token: "as-it-is-1234", tokenFile: "/etc/token" }],
    apiKey: "short",
  };
  expect(resolveSecrets(options, {}).secrets).toEqual(["as-it-is-1234"]);
});
