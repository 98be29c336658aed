import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";

const page = readFileSync(join(import.meta.dirname, "../../packages/cli/README.md"), "utf8");

/** Each snippet, with the file that the text before it names. */
const snippets = [
  ...page.matchAll(/`([~.]\/?[\w./]+\.json)`[^`]*(?:`[^`\n]+`[^`]*)*```json\n(.*?)^```$/gms),
].map(([, file = "", json = ""]) => ({ file, json }));

const entry = z.object({ command: z.string(), args: z.array(z.string()) });

/** What each client's file may say. */
const servers = z.object({ "agent-bridge": entry });
const fileOf: Readonly<Record<string, z.ZodType>> = {
  "~/.cursor/mcp.json": z.strictObject({ mcpServers: servers }),
  ".vscode/mcp.json": z.strictObject({ servers }),
  "~/.gemini/settings.json": z.strictObject({ mcpServers: servers }),
};

test("the README has the lines for Cursor, VS Code and Gemini", () => {
  expect(snippets.map(({ file }) => file)).toEqual(Object.keys(fileOf));
});

test.for(snippets)(
  "the lines for $file are valid, and start what the others start",
  ({ file, json }) => {
    const [server] = Object.values(fileOf[file]?.parse(JSON.parse(json)) as object) as object[];
    expect(server).toEqual({
      "agent-bridge": { command: "/path/to/node", args: ["/path/to/agent-bridge", "mcp"] },
    });
  },
);
