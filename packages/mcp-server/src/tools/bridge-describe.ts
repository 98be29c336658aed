import type { JsonObject } from "@agent-bridge/core";
import * as z from "zod";
import { defineTool } from "../tool.ts";
import { objectToWire } from "../wire.ts";

const sections = ["kinds", "routes", "runners", "limits"] as const;
const json = z.unknown();

const pairSchema = z.object({ start: z.string(), reply: z.string() });

/** What one may send to whom: asked before the first task, and when a refusal says so. */
export const bridgeDescribe = defineTool({
  name: "bridge_describe",
  title: "Describe the bridge",
  description:
    "What you may send, and to whom: kinds of messages with their JSON Schemas, routes, agent runners with their health, limits.",
  input: z.strictObject({
    section: z.enum(sections).optional().describe("Only this part. Left out: all of it."),
  }),
  output: z.object({
    kinds: z
      .array(z.object({ name: z.string(), description: z.string(), schema: json }))
      .optional(),
    routes: z.array(z.object({ kind: z.string(), runner: z.string() })).optional(),
    runners: z
      .array(
        z.object({
          name: z.string(),
          health: z.object({ ready: z.boolean(), version: z.string().nullable() }).nullable(),
          problems: z.array(z.string()),
          caller_options: json,
          tools: pairSchema.nullable(),
        }),
      )
      .optional(),
    limits: z.record(z.string(), json).optional(),
  }),
  annotations: { readOnlyHint: true },
  forRuns: true,
  call: async ({ handle }, { section }) => {
    const { runners, ...rest } = handle.describe();
    const wire = objectToWire({
      ...rest,
      runners: runners.map(({ toolPair, ...runner }) => ({
        ...runner,
        tools:
          toolPair === null ? null : { start: toolPair.start.name, reply: toolPair.reply.name },
      })),
    });
    const value: JsonObject = section === undefined ? wire : { [section]: wire[section] ?? null };
    const whole = { uri: `bridge://${section === "runners" ? "runners" : "kinds"}`, name: "whole" };
    return await Promise.resolve({ value, whole });
  },
});
