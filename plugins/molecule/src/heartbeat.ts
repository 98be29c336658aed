import { describeError } from "@agent-bridge/core";
import type { Clock, Logger } from "@agent-bridge/core";
import type { PlatformAnswer, PlatformClient, PlatformRequest } from "./platform-client.ts";
import type { Figures } from "./vitals.ts";

/** The time from one beat to the next; without one for 60 to 90 s the platform shows a workspace as offline. */
const beatMs = 20_000;

/** How long a call to the registry may take, in milliseconds. */
const callMs = 5_000;

/** The answers by which the registry says that it does not know the workspace. */
const unknownStatuses: readonly number[] = [404, 410];

/** Whose heart beats, and what it tells. */
export interface HeartbeatOptions {
  readonly workspaceId: string;
  /** The channel's name, by which the workspace's agent is called. */
  readonly channel: string;
  readonly client: PlatformClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly figures: () => Figures;
}

/** Keeps a workspace online on its platform. */
export interface Heartbeat extends AsyncDisposable {
  /** Registers the workspace and beats from now on, in the background. Nothing more when it does already, or has ended. */
  start(): void;
  /** When the platform last took a beat, in epoch milliseconds; null before the first. */
  lastAt(): number | null;
}

/**
 * Creates a heartbeat. It registers the workspace once, and again when the platform no longer knows it, and
 * beats every 20 s until it is disposed. Its failures touch nothing else: each streak of them is one warning.
 */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { workspaceId, clock, logger } = options;
  const ended = new AbortController();
  let timer: ReturnType<Clock["timer"]> | undefined;
  let running: Promise<void> | undefined;
  let isRegistered = false;
  let isFailing = false;
  let lastAt: number | null = null;

  const register = async (): Promise<void> => {
    await registryCall(options, { name: "register", body: cardOf(options), signal: ended.signal });
    isRegistered = true;
  };
  const beat = async (): Promise<void> => {
    const body = { workspace_id: workspaceId, ...options.figures() };
    const call = { body, signal: ended.signal, expected: unknownStatuses };
    const { status } = await registryCall(options, { name: "heartbeat", ...call });
    if (unknownStatuses.includes(status)) {
      isRegistered = false;
      throw new Error(`The platform does not know the workspace (HTTP ${status}).`);
    }
    lastAt = clock.now();
  };

  const round = async (): Promise<void> => {
    const wasRegistered = isRegistered;
    // A workspace that can not be registered may be known from before, so it beats all the same.
    const errors = wasRegistered ? [] : [await attempt(register)];
    errors.push(await attempt(beat));
    if (wasRegistered && !isRegistered) errors.push(await attempt(register));
    if (ended.signal.aborted) return;
    const error = errors.find((one) => one !== null) ?? null;
    if (error !== null && !isFailing) {
      const facts = { workspaceId, error: describeError(error) };
      logger.warn("The workspace may be shown as offline: its heartbeat failed.", facts);
    }
    isFailing = error !== null;
  };

  const run = async (): Promise<void> => {
    const dueAt = clock.steady() + beatMs;
    await round();
    if (ended.signal.aborted) return;
    timer = clock.timer(Math.max(dueAt - clock.steady(), 0), () => {
      running = run();
    });
  };

  return {
    start: () => {
      if (!ended.signal.aborted) running ??= run();
    },
    lastAt: () => lastAt,
    [Symbol.asyncDispose]: async () => {
      ended.abort(new Error("The heartbeat has ended."));
      timer?.stop();
      await running;
    },
  };
}

/** Gives the error instead of throwing it; null without one. */
async function attempt(work: () => Promise<void>): Promise<unknown> {
  return work().then(
    () => null,
    (error: unknown) => error,
  );
}

interface RegistryCall extends Pick<PlatformRequest, "signal" | "expected"> {
  readonly name: "register" | "heartbeat";
  readonly body: Readonly<Record<string, unknown>>;
}

function registryCall(
  { client }: HeartbeatOptions,
  { name, ...asked }: RegistryCall,
): Promise<PlatformAnswer> {
  return client.request({
    operation: name,
    path: ["registry", name],
    limitMs: callMs,
    ...asked,
  });
}

/** What a workspace is registered as. It polls, so it has no address. */
function cardOf({ workspaceId, channel }: HeartbeatOptions): Readonly<Record<string, unknown>> {
  return {
    id: workspaceId,
    url: "",
    agent_card: { name: channel, skills: [] },
    delivery_mode: "poll",
  };
}
