/** An MCP server over stdio with one tool, for an agent that asks before it uses it. It does nothing but remember. */
import { createInterface } from "node:readline";

interface Request {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: {
    readonly protocolVersion?: string;
    readonly arguments?: { readonly text?: unknown };
  };
}

const notes: string[] = [];

/** What each request is answered. */
const results: Readonly<Record<string, (params: NonNullable<Request["params"]>) => object>> = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "notes", version: "1.0.0" },
  }),
  ping: () => ({}),
  "tools/list": () => ({
    tools: [
      {
        name: "write",
        description: "Writes a note.",
        inputSchema: {
          type: "object",
          properties: { text: { type: "string" } },
          required: ["text"],
        },
      },
    ],
  }),
  "tools/call": ({ arguments: input }) => {
    notes.push(String(input?.text));
    return { content: [{ type: "text", text: `noted: ${notes.at(-1)}` }] };
  },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params = {} } = JSON.parse(line) as Request;
  if (id === undefined) return;
  const result = Object.hasOwn(results, method) ? results[method] : undefined;
  const answer =
    result === undefined
      ? { error: { code: -32_601, message: `There is no ${method}.` } }
      : { result: result(params) };
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...answer })}\n`);
});
