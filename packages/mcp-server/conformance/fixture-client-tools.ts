import { setTimeout as sleep } from "node:timers/promises";
import type { CallToolResult, ServerContext } from "@modelcontextprotocol/server";
import { text } from "./fixture-content.ts";

const username = { type: "string", description: "User's response" } as const;
const email = { type: "string", description: "User's email address" } as const;

const defaults = {
  type: "object",
  properties: {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  },
} as const;

const titled = (word: string) =>
  ["First", "Second", "Third"].map((nth, at) => ({
    const: `value${at + 1}`,
    title: `${nth} ${word}`,
  }));
const options = ["option1", "option2", "option3"];

const enums = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: options },
    titledSingle: { type: "string", oneOf: titled("Option") },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: { type: "array", items: { type: "string", enum: options } },
    titledMulti: { type: "array", items: { anyOf: titled("Choice") } },
  },
} as const;

/** What is asked of clients before 2026-07-28 while they wait; production asks nothing in this way. */
const forms: Readonly<Record<string, object>> = {
  test_elicitation: {
    type: "object",
    properties: { username, email },
    required: ["username", "email"],
  },
  test_elicitation_sep1034_defaults: defaults,
  test_elicitation_sep1330_enums: enums,
};

export const clientTools = [
  ...Object.keys(forms),
  "test_sampling",
  "test_tool_with_logging",
  "test_logging_tool",
];

export async function callClientTool(
  name: string,
  input: Readonly<Record<string, unknown>>,
  { mcpReq }: ServerContext,
): Promise<CallToolResult> {
  if (name === "test_tool_with_logging" || name === "test_logging_tool") {
    for (const message of [
      "Tool execution started",
      "Tool processing data",
      "Tool execution completed",
    ]) {
      await mcpReq.log("info", message);
      await sleep(50);
    }
    return { content: [text("Done, with logging.")] };
  }
  // What is asked goes out on the stream of the call itself.
  const related = { relatedRequestId: mcpReq.id };
  if (name === "test_sampling") {
    const content = { type: "text" as const, text: String(input["prompt"]) };
    const asked = { messages: [{ role: "user" as const, content }], maxTokens: 100 };
    const { content: said } = await mcpReq.requestSampling(asked, related);
    return { content: [text(`LLM response: ${JSON.stringify(said)}`)] };
  }
  const message = typeof input["message"] === "string" ? input["message"] : "Please fill this in.";
  const requestedSchema = forms[name] as never;
  const { action, content } = await mcpReq.elicitInput({ message, requestedSchema }, related);
  return {
    content: [text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`)],
  };
}
