import type {
  Answer,
  Json,
  JsonObject,
  Logger,
  QuestionText,
  RunnerEnd,
  RunnerEvent,
  Session,
} from "@agent-bridge/core";
import { failed, failedThread, failedTurn } from "./failures.ts";
import {
  initializedSchema,
  isNotificationMethod,
  notificationSchemas,
  threadSchema,
  turnStartedSchema,
  versionIn,
  type Message,
  type Notification,
  type NotificationParams,
} from "./protocol.ts";
import { readQuestion } from "./questions.ts";
import { parseOrThrow, readMessage, Rpc, type Reply } from "./rpc.ts";
import { notice, TurnEvents } from "./turn-events.ts";

/** What the turn is about. */
export interface TurnRequest {
  readonly prompt: string;
  readonly session: Session | null;
  /** For `thread/start` and `thread/resume`. */
  readonly settings: JsonObject;
  /** For `turn/start`, beside the prompt. */
  readonly context: JsonObject;
}

/** What the exchange needs of the world. */
export interface ExchangePorts {
  write(line: string): void;
  ask(question: QuestionText): Promise<Answer>;
  /** Called when a question could not be put; the turn can not go on. */
  lost(error: unknown): void;
  /** Told the version that Codex says it has. */
  version(version: string): void;
  readonly logger: Logger;
}

/** More open questions than a person could mean to answer, or notices than a start can have, are an error of Codex. */
const mostAtOnce = 20;

/** The client of one turn: opens the thread, starts the turn, answers the questions, and reads what comes. */
export class TurnExchange {
  readonly #request: TurnRequest;
  readonly #ports: ExchangePorts;
  readonly #rpc: Rpc<RunnerEvent[]>;
  readonly #events: TurnEvents;
  readonly #over = Promise.withResolvers<void>();
  /** Requests of Codex that wait for an answer. */
  readonly #asked = new Set<string | number>();
  readonly #warned = new Set<string>();
  #early: RunnerEvent[] = [];
  #threadId: string | undefined;
  #turnId: string | undefined;
  #end: RunnerEnd | undefined;

  constructor(request: TurnRequest, ports: ExchangePorts) {
    this.#request = request;
    this.#ports = ports;
    this.#rpc = new Rpc((line) => ports.write(line));
    this.#events = new TurnEvents(request.session);
  }

  /** How the turn ended, as Codex says; `undefined` while it goes on. */
  get end(): RunnerEnd | undefined {
    return this.#end;
  }

  start(): void {
    const params = {
      clientInfo: { name: "agent-bridge", title: null, version: "1" },
      capabilities: { experimentalApi: true, requestAttestation: false },
    };
    this.#rpc.call("initialize", params, (reply) => this.#initialized(reply));
  }

  /**
   * Takes a line of Codex.
   *
   * @throws ProtocolError when a decisive message is not understood
   */
  receive(line: string): RunnerEvent[] {
    if (this.#end !== undefined || line.trim() === "") return [];
    const message = readMessage(line);
    if (message === undefined) return this.#unreadable(line);
    if (message.method === undefined) return this.#rpc.settle(message) ?? [];
    if (message.id !== undefined) return this.#asks(message.id, message.method, message.params);
    return this.#notified(message.method, message);
  }

  /** Asks Codex to end the turn; resolves when it has, or where there is none. */
  async interrupt(): Promise<void> {
    if (this.#end !== undefined) return;
    if (this.#threadId === undefined || this.#turnId === undefined) return;
    const params = { threadId: this.#threadId, turnId: this.#turnId };
    this.#rpc.call("turn/interrupt", params, () => []);
    await this.#over.promise;
  }

  /** Closes what is open, after the last line. */
  close(): RunnerEvent[] {
    this.#over.resolve();
    if (this.#threadId !== undefined) return this.#events.end();
    // Without a session nothing may come before the end; it must not be lost either.
    for (const event of this.#early) this.#ports.logger.warn("codex", { ...event });
    return [];
  }

  #initialized(reply: Reply): RunnerEvent[] {
    if (!reply.ok) return this.#finish(failed(`Codex refused the connection: ${reply.message}`));
    const { userAgent } = parseOrThrow(
      initializedSchema,
      reply.result,
      "its answer to `initialize`",
    );
    this.#ports.version(versionIn(userAgent));
    this.#rpc.notify("initialized");
    const { session, settings } = this.#request;
    const opened = (answer: Reply): RunnerEvent[] => this.#opened(answer);
    if (session === null) this.#rpc.call("thread/start", settings, opened);
    else {
      const params = { ...settings, threadId: session.id, excludeTurns: true };
      this.#rpc.call("thread/resume", params, opened);
    }
    return [];
  }

  #opened(reply: Reply): RunnerEvent[] {
    const wanted = this.#request.session?.id;
    if (!reply.ok) return this.#finish(failedThread(reply.message, wanted !== undefined));
    const { id } = parseOrThrow(threadSchema, reply.result, "its thread").thread;
    if (wanted !== undefined && id !== wanted) {
      const message = `Codex opened the session ${id} instead of ${wanted}.`;
      return this.#finish({ type: "end", outcome: "session_gone", message });
    }
    this.#threadId = id;
    const { prompt, context } = this.#request;
    const input = [{ type: "text", text: prompt, text_elements: [] }];
    const params = { threadId: id, input, additionalContext: context };
    this.#rpc.call("turn/start", params, (answer) => this.#started(answer));
    const early = this.#early;
    this.#early = [];
    return [...this.#events.opened(id), ...early];
  }

  #started(reply: Reply): RunnerEvent[] {
    if (!reply.ok) return this.#finish(failed(`Codex did not start the turn: ${reply.message}`));
    this.#turnId = parseOrThrow(turnStartedSchema, reply.result, "its turn").turn.id;
    return [];
  }

  #notified(method: string, { params }: Message): RunnerEvent[] {
    if (!isNotificationMethod(method)) return [];
    if (method === "turn/completed") {
      return this.#completed(parseOrThrow(notificationSchemas[method], params, method));
    }
    const parsed = notificationSchemas[method].safeParse(params);
    if (!parsed.success) {
      this.#warnOnce(method, "codex sent a notification in an unknown form");
      return [];
    }
    return this.#noted({ method, params: parsed.data } as Notification);
  }

  #noted(notification: Notification): RunnerEvent[] {
    const { method, params } = notification;
    if (method === "configWarning" || method === "deprecationNotice") {
      // About the operator's set-up, the same at every turn: not for those who read the task.
      this.#warnOnce(params.summary, "codex warns of its configuration", params);
      return [];
    }
    if (method === "serverRequest/resolved") {
      this.#asked.delete(params.requestId);
      return [];
    }
    const threadId = "threadId" in params ? params.threadId : undefined;
    if (this.#threadId === undefined) {
      return method === "warning" ? this.#inSession(notice("warning", params.message)) : [];
    }
    if (threadId !== undefined && threadId !== null && threadId !== this.#threadId) return [];
    if (method === "turn/started") {
      this.#turnId ??= params.turn.id;
      return [];
    }
    if ("turnId" in params && params.turnId !== this.#turnId) {
      if (method === "thread/tokenUsage/updated") this.#events.earlierTokens(params);
      return [];
    }
    return this.#events.of(notification);
  }

  #completed({ threadId, turn }: NotificationParams["turn/completed"]): RunnerEvent[] {
    if (threadId !== this.#threadId || turn.id !== this.#turnId) return [];
    const events = this.#events.end(turn.items);
    const ends: Readonly<Record<string, () => RunnerEnd>> = {
      completed: () => ({ type: "end", outcome: "completed", output: this.#events.answer }),
      interrupted: () => ({ type: "end", outcome: "aborted" }),
      failed: () => failedTurn(turn.error, this.#events.hasActed),
    };
    const end = Object.hasOwn(ends, turn.status) ? ends[turn.status]?.() : undefined;
    return [...events, ...this.#finish(end ?? failed(`Codex ended the turn as "${turn.status}".`))];
  }

  #asks(id: string | number, method: string, params: unknown): RunnerEvent[] {
    const question = readQuestion(method, params, this.#events);
    if (question === undefined) {
      this.#rpc.refuse(id, method);
      return this.#inSession(notice("warning", `Codex asked for ${method}, which was refused.`));
    }
    if (question.text === undefined || this.#asked.size >= mostAtOnce) {
      this.#rpc.answer(id, question.result({ action: "decline" }));
      return this.#inSession(
        notice("warning", `Codex asked for ${method} without showing what. It was declined.`),
      );
    }
    this.#asked.add(id);
    void this.#put(id, question.text, (answer) => question.result(answer));
    return [];
  }

  /** Puts a question, and gives its answer to Codex unless Codex has given the question up meanwhile. */
  async #put(
    id: string | number,
    text: QuestionText,
    result: (answer: Answer) => Json,
  ): Promise<void> {
    try {
      const answer = await this.#ports.ask(text);
      if (this.#asked.delete(id)) this.#rpc.answer(id, result(answer));
    } catch (error) {
      this.#ports.lost(error);
    }
  }

  /** An event that must wait until the session has been told. */
  #inSession(event: RunnerEvent): RunnerEvent[] {
    if (this.#threadId !== undefined) return [event];
    if (this.#early.length < mostAtOnce) this.#early.push(event);
    return [];
  }

  #unreadable(line: string): RunnerEvent[] {
    if (this.#warned.has("line")) return [];
    this.#warned.add("line");
    const text = `Codex wrote a line that is no message; it and others like it are left out: ${line.slice(0, 200)}`;
    return this.#inSession(notice("warning", text));
  }

  #warnOnce(key: string, message: string, data: Readonly<Record<string, unknown>> = {}): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#ports.logger.warn(message, { ...data });
  }

  #finish(end: RunnerEnd): RunnerEvent[] {
    this.#end = end;
    this.#over.resolve();
    return [];
  }
}
