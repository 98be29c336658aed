import { mkdir, stat } from "node:fs/promises";
import {
  describeError,
  isBridgeError,
  type BridgeServer,
  type Clock,
  type Logger,
  type RunnerEnd,
  type RunnerEvent,
  type Turn,
  type TurnIo,
} from "@agent-bridge/core";
import { startProcess, type RunningProcess } from "@agent-bridge/process";
import { withAttachments } from "./answer-attachments.ts";
import { installAdvice, type CodexBinary } from "./binary.ts";
import { failed, failedProcess } from "./failures.ts";
import { turnContext } from "./provenance.ts";
import { ProtocolError } from "./rpc.ts";
import { threadSettings } from "./thread-settings.ts";
import { TurnExchange } from "./turn-exchange.ts";
import type { CodexTurnOptions } from "./turn-options.ts";

/** What every turn of a runner shares. */
export interface TurnSetup {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string>>;
  /** An empty folder: where Codex itself runs, and where turns without `cwd` work. Made when it is missing. */
  readonly emptyFolder: string;
  findBinary(): Promise<CodexBinary | undefined>;
  /** Told which Codex answered. */
  met(binary: CodexBinary, version: string, logger: Logger): void;
}

/** Codex takes no more in one message. */
const maxPromptCharacters = 1_048_576;

const noBridge =
  "The route gives this run the bridge's own tools (`bridge`), and the bridge runs where there is no command `agent-bridge mcp` for them.";

/** How long Codex may take to write its session down and end, after its turn. */
const closeMs = 2_000;

/** Carries one turn through a Codex of its own, and ends with one end event. Nothing of it is left by then. */
export async function* runTurn(
  turn: Turn<CodexTurnOptions>,
  io: TurnIo,
  setup: TurnSetup,
): AsyncGenerator<RunnerEvent, void> {
  let end: RunnerEnd;
  try {
    end = yield* conduct(turn, io, setup);
  } catch (error) {
    const isOver = io.signal.aborted || isBridgeError(error, "CLAIM_LOST");
    end = isOver ? aborted : failed(describeError(error));
  }
  yield end;
}

const aborted: RunnerEnd = { type: "end", outcome: "aborted" };

async function* conduct(
  turn: Turn<CodexTurnOptions>,
  io: TurnIo,
  setup: TurnSetup,
): AsyncGenerator<RunnerEvent, RunnerEnd> {
  const place = await prepare(turn, io, setup);
  if ("outcome" in place) return place;
  const lost = new AbortController();
  const { promise: started, resolve: start } = Promise.withResolvers<TurnExchange>();
  await using running = startProcess({
    command: place.binary.path,
    args: ["app-server"],
    cwd: setup.emptyFolder,
    env: setup.environment,
    mark: io.mark,
    signal: AbortSignal.any([io.signal, lost.signal]),
    interrupt: async () => (await started).interrupt(),
  });
  const exchange = new TurnExchange(
    {
      prompt: turn.prompt,
      session: turn.session,
      settings: threadSettings(turn.options, { ...place, mark: io.mark }),
      context: turnContext(turn),
    },
    {
      // A line that can not be written shows as the end of the process.
      write: (line) => void running.writeLine(line),
      ask: (question) => io.ask(question),
      lost: (error) => lost.abort(error),
      version: (version) => setup.met(place.binary, version, io.logger),
      logger: io.logger,
    },
  );
  start(exchange);
  if (running.identity !== undefined) await io.spawned(running.identity);
  const broken = yield* follow(running, exchange);
  yield* exchange.close();
  if (broken === undefined) await finish(running, setup.clock);
  else await running.stop(broken);
  const end = broken ?? exchange.end ?? failedProcess(await running.exit, running.stderrTail);
  const { attachments } = turn.options;
  return withAttachments(judge(end, io.signal, lost.signal), attachments);
}

/** What a turn works with. */
interface Place {
  readonly binary: CodexBinary;
  readonly cwd: string;
  readonly bridge: BridgeServer | undefined;
}

/** What must be there before Codex is started; where it is not, how the turn ends. */
async function prepare(
  { prompt, options }: Turn<CodexTurnOptions>,
  io: TurnIo,
  setup: TurnSetup,
): Promise<Place | RunnerEnd> {
  if (characterCount(prompt) > maxPromptCharacters) {
    const limit = maxPromptCharacters.toLocaleString("en");
    return failed(`The message has more than ${limit} characters, which Codex does not take.`);
  }
  const binary = await setup.findBinary();
  if (binary === undefined) return failed(installAdvice);
  await mkdir(setup.emptyFolder, { recursive: true, mode: 0o700 });
  const cwd = options.cwd ?? setup.emptyFolder;
  if (!(await isFolder(cwd))) return failed(`There is no folder ${cwd} to work in.`);
  if (options.bridge && io.access === undefined) return failed(noBridge);
  if (io.signal.aborted) return aborted;
  await io.begins();
  return { binary, cwd, bridge: options.bridge ? io.access?.() : undefined };
}

/** Passes on what Codex says until the turn has ended, or Codex has. @returns how it ended, where Codex broke off */
async function* follow(
  running: RunningProcess,
  exchange: TurnExchange,
): AsyncGenerator<RunnerEvent, RunnerEnd | undefined> {
  exchange.start();
  for await (const line of running.lines) {
    try {
      yield* exchange.receive(line);
    } catch (error) {
      if (error instanceof ProtocolError) return failed(error.message);
      throw error;
    }
    if (exchange.end !== undefined) break;
  }
  return undefined;
}

/** Lets Codex end by itself, which keeps its session and its exit code whole; ends it if it does not. */
async function finish(running: RunningProcess, clock: Clock): Promise<void> {
  running.closeStdin();
  const timer = clock.timer(closeMs, () => void running.stop());
  try {
    // What it still says is of no turn, but must be read, or it could not go on to its end.
    for await (const line of running.lines) void line;
    await running.exit;
  } finally {
    timer.stop();
  }
}

/** Says aborted where, and only where, the bridge wanted it. */
function judge(end: RunnerEnd, signal: AbortSignal, lost: AbortSignal): RunnerEnd {
  if (end.outcome === "completed" || end.outcome === "session_gone") return end;
  if (signal.aborted) return aborted;
  if (lost.aborted) {
    const { reason } = lost as { readonly reason: unknown };
    return isBridgeError(reason, "CLAIM_LOST") ? aborted : failed(describeError(reason));
  }
  return end.outcome === "aborted" ? failed("Codex interrupted the turn by itself.") : end;
}

/** Counts as Codex does: a character outside of the basic plane is one, though a string has two units for it. */
function characterCount(text: string): number {
  if (text.length <= maxPromptCharacters) return text.length;
  let count = 0;
  for (let index = 0; index < text.length; count++) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return count;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}
