import type { Plugin, PluginParts } from "@agent-bridge/core";
import * as z from "zod";
import { isDeclared, type PluginManifest } from "./plugin-manifest.ts";

const hasMethods = (methods: readonly string[]) => (value: unknown) =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { name?: unknown }).name === "string" &&
  methods.every((method) => typeof (value as Record<string, unknown>)[method] === "function");

type Parts = Required<PluginParts>;

/** Names that a model can use, together with their plugin's. */
const isToolName = (name: string): boolean => /^[A-Za-z0-9_]{1,32}$/.test(name);

const partsShape = z.object({
  runners: z
    .array(z.custom<Parts["runners"][number]>(hasMethods(["check", "run"]), "is no runner"))
    .default([]),
  channels: z
    .array(z.custom<Parts["channels"][number]>(hasMethods(["deduplicates"]), "is no channel"))
    .default([]),
  surfaces: z
    .array(z.custom<Parts["surfaces"][number]>(hasMethods(["mount"]), "is no surface"))
    .default([]),
  tools: z
    .array(
      z
        .custom<Parts["tools"][number]>(hasMethods(["call"]), "is no tool")
        .refine(
          ({ name }) => isToolName(name),
          "has a name of other signs than letters, digits and _",
        ),
    )
    .default([]),
});

/** Checks what a plugin's `create` gave. @throws Error that says what is wrong */
export function checkParts(given: unknown): Parts {
  // Nobody would wait for it, and its parts would be missing without a word.
  if (given instanceof Promise) throw new Error("`create` gave a promise, not its parts");
  const checked = partsShape.safeParse(given);
  if (checked.success) {
    const twice = checked.data.tools.find(
      ({ name }, place, all) => all.findIndex((other) => other.name === name) !== place,
    );
    if (twice !== undefined) throw new Error(`it has two tools named ${twice.name}`);
    return checked.data;
  }
  const [issue] = checked.error.issues;
  throw new Error(
    `what \`create\` gave is not its parts: ${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`,
  );
}

/** Holds a plugin to what its package says of it. @throws Error that names what the package does not */
export function requireDeclared(
  manifest: PluginManifest | null,
  { plugin, parts }: { readonly plugin: Plugin; readonly parts: Parts },
): void {
  if (manifest === null) return;
  const made = { kinds: plugin.kinds, ...parts };
  for (const what of ["kinds", "runners", "channels", "surfaces", "tools"] as const) {
    const hidden = made[what].find(({ name }) => !isDeclared(name, manifest[what]));
    if (hidden === undefined) continue;
    throw new Error(
      `it brings "${hidden.name}", which agentBridge.${what} of its package.json does not name`,
    );
  }
}
