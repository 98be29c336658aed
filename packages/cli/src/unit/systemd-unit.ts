import { BridgeError } from "@agent-bridge/core";
import { exitCodes } from "../exit-codes.ts";
import type { UnitFacts } from "./unit-facts.ts";

/**
 * Writes a systemd user unit, as systemd.service(5) and systemd.syntax(7) describe it.
 *
 * It is hardened as far as an agent's own sandbox allows. What systemd would do with a seccomp filter or a
 * mount namespace (ProtectSystem, PrivateTmp, RestrictNamespaces, NoNewPrivileges …) would be inherited by
 * the agents, whose sandboxes make namespaces of their own, and PrivateTmp would hide a socket in /tmp.
 *
 * @throws BridgeError INPUT_INVALID when systemd can not start the program by its path
 */
export function systemdUnit({ command, environment, stopSeconds }: UnitFacts): string {
  const { usage, config } = exitCodes;
  const [program = ""] = command;
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/["'\\\u0000-\u001f\u007f]/.test(program)) {
    const detail = "systemd starts no program whose path holds a quote, a backslash or a control.";
    throw new BridgeError("INPUT_INVALID", { what: program, detail });
  }
  return [
    "[Unit]",
    "Description=agent-bridge, the mailbox and tasks of coding agents",
    "StartLimitIntervalSec=300",
    "StartLimitBurst=10",
    "",
    "[Service]",
    "Type=exec",
    // With the colon no $ is replaced by a variable.
    `ExecStart=:${command.map(quoted).join(" ")}`,
    "# The daemon reads its configuration again.",
    "ExecReload=/bin/kill -HUP $MAINPID",
    "WorkingDirectory=~",
    ...Object.entries(environment).map(
      ([name, value]) => `Environment=${quoted(`${name}=${value}`)}`,
    ),
    "Restart=on-failure",
    "RestartSec=2",
    "# A wrong command line or configuration, or a state folder in use, is not mended by another start.",
    `RestartPreventExitStatus=${usage} ${config}`,
    "# The daemon gives its running work back and ends its agents; what is left after that is killed.",
    "KillMode=mixed",
    `TimeoutStopSec=${stopSeconds}`,
    "# One agent that runs out of memory does not take the daemon with it.",
    "OOMPolicy=continue",
    "UMask=0077",
    "LimitCORE=0",
    "# What happens is for a terminal; the log, in the state folder as well, is for the journal.",
    "StandardOutput=null",
    "",
    "[Install]",
    "WantedBy=default.target",
    "",
  ].join("\n");
}

/** A word in double quotes: `%` begins a specifier, and the escapes are those of C. */
function quoted(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("%", "%%")
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    .replaceAll(/[\u0000-\u001f\u007f]/g, (control) => {
      return `\\x${(control.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`;
    });
  return `"${escaped}"`;
}
