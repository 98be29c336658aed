import * as fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { describe, expect, test } from "vitest";
import { readTable, removeTable, setInTable } from "../src/connect/toml-table.ts";

const place = { file: "config.toml", path: ["mcp_servers", "agent-bridge"] };
const settings = {
  command: "/usr/bin/node",
  args: ['/opt/it\'s "quoted"', "mcp"],
  env: { HOME_OF_IT: "/a" },
  tool_timeout_sec: 300,
};

const full = `# mine
model = "o" # why
notice = """
[mcp_servers.agent-bridge]
command = "not this one"
"""

[mcp_servers.other]
args = [
  "a", # one
  "[b]",
]
`;

test("a table is added at the end, and taken out again without a trace", () => {
  const edited = setInTable(full, place, settings);
  expect(edited.startsWith(full)).toBe(true);
  expect(readTable(edited, place)).toMatchObject(settings);
  expect(removeTable(edited, place)).toBe(full);
});

test("the keys of a table that is there are set, and what else stands in it stays", () => {
  const before = `${full}
[ mcp_servers . "agent-bridge" ] # the bridge
enabled = true # of mine
command = "old"
# its arguments
args = [
  "old",
]

[mcp_servers.agent-bridge.env]
MINE = "1"
OLD = "2"

[tui]
theme = "dark"
`;
  const edited = setInTable(before, place, { ...settings, env: { MINE: "1" } });
  expect(readTable(edited, place)).toMatchObject({
    ...settings,
    env: { MINE: "1" },
    enabled: true,
  });
  for (const kept of ["# the bridge", "enabled = true # of mine", "# its arguments", "[tui]"]) {
    expect(edited).toContain(kept);
  }
  expect(setInTable(edited, place, { ...settings, env: { MINE: "1" } })).toBe(edited);
  expect(readTable(removeTable(edited, place), place)).toBeUndefined();
});

test("a key is taken out, and the ends of lines stay as they are", () => {
  const before = 'a = 1\r\n\r\n[mcp_servers.agent-bridge]\r\ncommand = "c"\r\nenv.A = "1"\r\n';
  const edited = setInTable(before, place, { command: "d", env: undefined });
  expect(edited).toBe('a = 1\r\n\r\n[mcp_servers.agent-bridge]\r\ncommand = "d"\r\n');
});

describe("what is not edited without harm is refused", () => {
  test.each([
    ["an inline table", 'mcp_servers = { other = { command = "c" } }\n'],
    ["dotted keys", 'mcp_servers.agent-bridge.command = "c"\n'],
    ["a table in a table", '[mcp_servers]\nagent-bridge = { command = "c" }\n'],
    ["no TOML", "model = \n"],
  ])("%s", (_, text) => {
    expect(() => setInTable(text, place, settings)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }) as Error,
    );
  });
});

test("no document is changed in anything but the table", () => {
  const key = fc.stringMatching(/^[a-z]{1,8}$/);
  const leaf = fc.oneof(
    fc.string(),
    fc.string().map((text) => `${text}\n[mcp_servers.agent-bridge]\n`),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.string(), { maxLength: 3 }),
  );
  const table = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf, { maxKeys: 3 })));
  fc.assert(
    fc.property(table, fc.dictionary(key, table), (root, servers) => {
      const text = stringify({ ...root, mcp_servers: servers });
      const edited = setInTable(text, place, settings);
      const others = { ...(parse(edited) as { mcp_servers: Record<string, unknown> }) };
      expect(others.mcp_servers["agent-bridge"]).toMatchObject(settings);
      expect(parse(removeTable(edited, place))).toEqual(parse(text));
    }),
  );
});
