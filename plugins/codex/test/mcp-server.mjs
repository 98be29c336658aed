/* A small MCP server over stdio with one tool, `repeat`, that says its text again or fails with it. */
import { createInterface } from "node:readline";

const results = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "parrot", version: "1.0.0" },
  }),
  "tools/list": () => ({
    tools: [
      {
        name: "repeat",
        description: "Says it again.",
        inputSchema: { type: "object", properties: { text: { type: "string" } } },
        annotations: { readOnlyHint: true },
      },
    ],
  }),
  "tools/call": ({ arguments: { text } }) => ({
    content: [{ type: "text", text }],
    isError: text === "fail",
  }),
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const result = results[method]?.(params);
  const error = { code: -32601, message: method };
  const reply = { jsonrpc: "2.0", id, ...(result === undefined ? { error } : { result }) };
  process.stdout.write(`${JSON.stringify(reply)}\n`);
});
