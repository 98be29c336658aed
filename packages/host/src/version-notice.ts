import type { DaemonHello } from "./socket/wire.ts";
import { hostVersion } from "./version.ts";

/** What to tell a person whose command and daemon are of two versions; null when they are of one. */
export function versionNotice({ version }: Pick<DaemonHello, "version">): string | null {
  if (version === hostVersion) return null;
  return `The daemon is agent-bridge ${version}, this command is ${hostVersion}. \`agent-bridge down\`, then \`agent-bridge up\`, makes them one: running work is given back and goes on.`;
}
