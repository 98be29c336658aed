import { readConfig, type HostPaths } from "@agent-bridge/host";
import type { Invocation } from "../command.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { launchdLabel, launchdPlist } from "./launchd-plist.ts";
import { systemdUnit } from "./systemd-unit.ts";
import { unitFacts, type UnitFacts } from "./unit-facts.ts";

interface ServiceManager {
  readonly write: (facts: UnitFacts) => string;
  /** Where the file belongs. */
  readonly file: string;
  /** What makes it count, in this order. */
  readonly commands: readonly string[];
  readonly note: string;
}

/** The service managers that a file can be printed for. */
export const serviceManagers = {
  systemd: {
    write: systemdUnit,
    file: "~/.config/systemd/user/agent-bridge.service",
    commands: [
      "systemctl --user daemon-reload",
      "systemctl --user enable --now agent-bridge.service",
    ],
    note: "A user's services end with the last session. `loginctl enable-linger` keeps them, and starts them with the machine.",
  },
  launchd: {
    write: launchdPlist,
    file: `~/Library/LaunchAgents/${launchdLabel}.plist`,
    commands: [`launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/${launchdLabel}.plist`],
    note: "An agent runs while its user is logged in.",
  },
} as const satisfies Readonly<Record<string, ServiceManager>>;

export type ServiceManagerName = keyof typeof serviceManagers;

/** The one that this system most likely has. */
export const likelyServiceManager: ServiceManagerName =
  process.platform === "darwin" ? "launchd" : "systemd";

/** Prints the file on stdout and what to do with it on stderr. Installs nothing. */
export function printUnit(
  { printer, surroundings }: Pick<Invocation<object>, "printer" | "surroundings">,
  name: ServiceManagerName,
  paths: HostPaths,
): ExitCode {
  const { write, file, commands, note } = serviceManagers[name];
  const unit = write(unitFacts(surroundings, { paths, config: readConfig(paths) }));
  printer.json({ unit, file, commands });
  printer.text([unit.trimEnd()]);
  printer.note([
    `Nothing is installed. To let ${name} run the daemon, stop one that runs (\`agent-bridge down\`), then:`,
    `  agent-bridge up --print-unit ${name} > ${file}`,
    ...commands.map((command) => `  ${command}`),
    note,
    "It names this Node and this program by their paths: print it anew when they have moved, or `daemon.env` has changed.",
  ]);
  return exitCodes.ok;
}
