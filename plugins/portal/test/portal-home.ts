import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Client } from "./portal.ts";

const token = "0123456789abcdef0123456789abcdef";
const sha256 = createHash("sha256").update(token).digest("hex");

/** A daemon with the portal, in a process of its own. */
export interface PortalDaemon {
  /** The address of its socket. */
  readonly url: string;
  connect(): Promise<Client>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Stops it in order. @returns its exit code */
  stop(): Promise<number | null>;
}

/** The folder of a bridge: each daemon that is started on it is the next process of the same bridge. */
export interface PortalHome {
  readonly folder: string;
  start(): Promise<PortalDaemon>;
}

/** Makes a home whose portal talks to a runner; gone, with its daemons, after the test. */
export function portalHome(of: {
  readonly plugins: Readonly<Record<string, object>>;
  readonly route: object;
}): PortalHome {
  const folder = mkdtempSync(join(tmpdir(), "portal-home-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const config = {
    http: { port: 0, tokens: [{ name: "ann", sha256 }] },
    plugins: { [join(import.meta.dirname, "../src/index.ts")]: {}, ...of.plugins },
    routes: [{ kind: "portal.chat", from: ["ann"], ...of.route }],
  };
  writeFileSync(join(folder, "config.jsonc"), JSON.stringify(config), { mode: 0o600 });
  return { folder, start: async () => await startDaemon(folder) };
}

async function startDaemon(folder: string): Promise<PortalDaemon> {
  const child = fork(join(import.meta.dirname, "fixtures/daemon.ts"), {
    execArgv: ["--conditions=agent-bridge-source"],
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      AGENT_BRIDGE_HOME: folder,
      XDG_STATE_HOME: join(folder, "xdg"),
    },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.on("data", (text: Buffer) => (said += text.toString()));
  const exited = once(child, "exit") as Promise<[number | null]>;
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const ready = once(child, "message") as Promise<[{ readonly url: string }]>;
  const first = await Promise.race([ready, exited.then(() => undefined)]);
  if (first === undefined) throw new Error(`The daemon ended: ${said}`);
  const [{ url }] = first;
  return {
    url,
    connect: async () => {
      const client = await Client.open(url, token);
      onTestFinished(() => client.cut());
      return client;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    stop: async () => {
      child.send("stop");
      const [code] = await exited;
      return code;
    },
  };
}
