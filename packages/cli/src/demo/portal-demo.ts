import { setTimeout as sleep } from "node:timers/promises";
import { isLogGap } from "@agent-bridge/core";
import { startDaemon, type DemoDaemon } from "./demo-daemon.ts";
import { startPortalWorld } from "./portal-home.ts";
import { createStory } from "./story.ts";

/** How much later than the daemon's end a signal may come that was meant for both. */
const signalMs = 500;

/** What can be opened; printed with `--json`. */
export interface PortalDemo {
  /** The page's address, with a code that signs in once, within two minutes. */
  readonly url: string;
  /** `AGENT_BRIDGE_HOME` of the demo: with it every command talks to its daemon. */
  readonly home: string;
  /** False in a checkout where the page was not built. */
  readonly hasPage: boolean;
}

/** What to write in the chat: what it shows, and the message. */
const messages: readonly (readonly [string, string])[] = [
  [
    "an agent that thinks, and answers",
    "What grows here? [[think Let me look around.]] [[slow 60]] [[say Two apple trees, and a row of beans that want water.]]",
  ],
  [
    "a tool that it asks for first",
    'Note it down. [[think I write that down.]] [[tool notes__write {"text":"water the beans"}]] [[say It is noted.]]',
  ],
  ["a model that fails", "Go on. [[say I begin …]] [[fail server_error]]"],
  [
    "a long answer, to stop, or to reload the page in",
    `Tell me more. [[slow 1000]] [[say It rained${", and it rained".repeat(12)}.]]`,
  ],
];

function invitation({ url, home, hasPage }: PortalDemo): readonly string[] {
  const unbuilt =
    "The page is not built here: `npx -y pnpm@12 --filter @agent-bridge/plugin-portal build:page` builds it, then begin again.";
  return [
    ...(hasPage ? [] : [unbuilt, ""]),
    "Open within two minutes, in a browser on this machine (the code in it works once):",
    "",
    `  ${url}`,
    "",
    `Another code: AGENT_BRIDGE_HOME=${home} agent-bridge portal`,
    "",
    "What to write there (the model does what stands in [[brackets]]; the agents are real):",
    ...messages.flatMap(([what, message]) => ["", `  ${what}:`, `  ${message}`]),
    "",
    "Ctrl-C ends it, and takes everything away. Until then, what happens:",
    "",
  ];
}

/** Tells what happens until the signal aborts. @throws BridgeError DAEMON_LOST when the daemon has ended before */
async function tellOn(
  { client }: DemoDaemon,
  write: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const story = createStory(write);
  try {
    for await (const event of client.stream("follow", { after: null }, { signal }))
      if (!isLogGap(event)) story.event(event);
  } catch (error) {
    // Ctrl-C reaches the daemon too, and its end may be seen before the signal.
    await sleep(signalMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) throw error;
  }
}

/**
 * Opens the portal on agents without a key or a network, and stays until the signal aborts: that is its end as it is
 * meant. Its processes and its folder are gone then.
 *
 * @param opened is told the address
 * @throws BridgeError PLUGIN_NOT_FOUND, DAEMON_LOST, INTERNAL
 */
export async function runPortalDemo(
  opened: (demo: PortalDemo) => void,
  write: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await using world = await startPortalWorld();
  await using daemon = await startDaemon(world.home, signal);
  const { pages } = await daemon.client.call("pages", {}, { signal });
  const { home, hasPage } = world;
  const demo = { url: pages[0]?.url ?? "", home, hasPage };
  opened(demo);
  for (const line of invitation(demo)) write(line);
  await tellOn(daemon, write, signal);
}
