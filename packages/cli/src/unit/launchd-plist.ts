import { BridgeError } from "@agent-bridge/core";
import type { UnitFacts } from "./unit-facts.ts";

/** The name of the agent for launchctl, and of its file. */
export const launchdLabel = "io.github.agent-bridge";

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

/** Writes a launchd agent, as launchd.plist(5) describes it. */
export function launchdPlist({ command, environment, stopSeconds }: UnitFacts): string {
  const agent: Value = {
    Label: launchdLabel,
    ProgramArguments: command,
    EnvironmentVariables: environment,
    RunAtLoad: true,
    // Started again after a failure, but not after `agent-bridge down`.
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: 10,
    ExitTimeOut: stopSeconds,
    Umask: 0o077,
    // The daemon keeps its own log in the state folder.
    StandardOutPath: "/dev/null",
    StandardErrorPath: "/dev/null",
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    ...linesOf(agent, ""),
    "</plist>",
    "",
  ].join("\n");
}

function linesOf(value: Value, indent: string): readonly string[] {
  if (typeof value === "string") return [`${indent}<string>${escaped(value)}</string>`];
  if (typeof value === "number") return [`${indent}<integer>${value}</integer>`];
  if (typeof value === "boolean") return [`${indent}<${value}/>`];
  const inner = `${indent}  `;
  if (isList(value)) {
    const items = value.flatMap((item) => linesOf(item, inner));
    return [`${indent}<array>`, ...items, `${indent}</array>`];
  }
  const entries = Object.entries(value).flatMap(([key, item]) => [
    `${inner}<key>${escaped(key)}</key>`,
    ...linesOf(item, inner),
  ]);
  return [`${indent}<dict>`, ...entries, `${indent}</dict>`];
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** @throws BridgeError INPUT_INVALID for a control character, which XML can not carry */
function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text)) {
    const detail = "it holds a control character, which a property list can not carry.";
    throw new BridgeError("INPUT_INVALID", { what: JSON.stringify(text), detail });
  }
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#13;");
}
