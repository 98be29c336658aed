import { isBridgeError, type Claim, type OutboxItem, type WorkerId } from "@agent-bridge/core";
import { all, completed, failed, question, said, type StoreBench } from "../bench.ts";
import { removeTasks } from "../removal.ts";
import { holdMs, nodes, type Step, type StepOf, type Write } from "./steps.ts";

/** The store under test, called as the steps say. Everything that it stores bears the name of this life. */
export class PlayedStore {
  readonly #bench: StoreBench;
  readonly #life: string;
  readonly #tasks: string[] = [];
  readonly #claims: Claim[] = [];
  readonly #questions: string[] = [];
  readonly #taken: { readonly item: OutboxItem; readonly by: WorkerId }[] = [];
  readonly #boots = nodes.map(() => 0);

  constructor(bench: StoreBench, life: string) {
    this.#bench = bench;
    this.#life = life;
  }

  async play(step: Step): Promise<unknown> {
    const { clock, store } = this.#bench;
    switch (step.do) {
      case "accept":
        return await this.#accept(step);
      case "claim":
        return await this.#claim(step);
      case "cancel":
        return await picked(this.#tasks, step.pick, async (id) => {
          const ending = { ...failed("cancelled"), reply: this.#replyOf(id) };
          const answer = await this.#bench.cancel(id, { ending });
          return answer?.changed === true ? `changed ${answer.task.status}` : "unchanged";
        });
      case "answer":
        return await picked(this.#questions, step.pick, async (questionId) => {
          const answer = { action: "accept" } as const;
          const given = await store.intake.answer({ questionId, scope: all, answer });
          return given?.accepted === true ? "accepted" : given?.question.state;
        });
      case "send":
        return await this.#send(step.node);
      case "delivered":
      case "dead":
      case "postpone":
        return await picked(this.#taken, step.pick, async (taken) => await this.#sent(taken, step));
      case "acknowledge":
        return await this.#acknowledge(step.style);
      case "remove":
        await removeTasks(this.#bench, { olderThanMs: step.ms });
        return "removed";
      case "restart":
        this.#boots[step.node] = (this.#boots[step.node] ?? 0) + 1;
        return await store.work.forfeit(this.#worker(step.node));
      case "pass":
        await clock.advance(step.ms);
        return "passed";
      default:
        return await picked(
          this.#claims,
          step.pick,
          async (claim) => await this.#write(claim, step),
        );
    }
  }

  /** Each task as its readers see it, by number. */
  async tasks(): Promise<readonly unknown[]> {
    return await Promise.all(
      this.#tasks.map(async (id) => {
        const task = await this.#bench.store.queries.task(id, all);
        if (task === undefined) return "gone";
        const { status, attempt, crashes, cancelRequested, reply } = task;
        return { status, attempt, crashes, isCancelled: cancelRequested, reply };
      }),
    );
  }

  /** The whole log of this life after a cursor: each event's task, by number, its seq and its type. */
  async log(after: string): Promise<readonly (readonly [number, number, string])[]> {
    const { store } = this.#bench;
    const found: (readonly [number, number, string])[] = [];
    for (let cursor = after; ;) {
      const page = await store.log.read({ scope: all, after: cursor, limit: 1_000 });
      for (const { taskId, seq, type } of page.events)
        found.push([this.#tasks.indexOf(taskId), seq, type]);
      if (page.atHead) return found;
      cursor = page.next;
    }
  }

  #worker(node: number): WorkerId {
    return { node: `${this.#life} ${nodes[node]}`, boot: `${this.#boots[node]}` };
  }

  #replyOf(taskId: string): string {
    return `reply ${this.#tasks.indexOf(taskId)}`;
  }

  async #accept({ key, lane, target }: StepOf<"accept">): Promise<string> {
    const channel = this.#life;
    const place = this.#tasks.length;
    const sketch = {
      id: `${this.#life} task ${place}`,
      runner: this.#life,
      channel,
      lane: lane === null ? null : `lane ${lane}`,
      destination: target === null ? null : { target },
    };
    const [accepted] = await this.#bench.accept({
      ...this.#bench.message(sketch, { key: `key ${key}` }),
      from: { channel, ack: { place } },
    });
    if (accepted?.result === "task") {
      this.#tasks.push(accepted.task.id);
      return `task ${place}`;
    }
    if (accepted?.result !== "known") return `${accepted?.result}`;
    const number = this.#tasks.indexOf(accepted.task?.id ?? "");
    return `known ${number}${accepted.settled ? " settled" : ""}`;
  }

  async #claim({ node, limit }: StepOf<"claim">): Promise<readonly string[]> {
    const worker = this.#worker(node);
    const request = { worker, runners: [this.#life], leaseMs: holdMs, limit };
    const claims = await this.#bench.claims(request);
    this.#claims.push(...claims);
    return claims.map(
      ({ taskId, attempt, cause }) =>
        `task ${this.#tasks.indexOf(taskId)}, attempt ${attempt}, ${cause}`,
    );
  }

  async #write(claim: Claim, step: Write): Promise<unknown> {
    const { work } = this.#bench.store;
    if (step.do === "renew") {
      const [news] = await work.renew([claim], holdMs);
      return [news?.held, news?.cancelRequested, news?.question?.state ?? null];
    }
    try {
      await this.#writeOwn(claim, step);
    } catch (error) {
      if (isBridgeError(error, "CLAIM_LOST")) return error.code;
      throw error;
    }
    return (await this.#bench.now(claim.taskId)).status;
  }

  async #writeOwn(claim: Claim, step: Exclude<Write, { do: "renew" }>): Promise<void> {
    const { work } = this.#bench.store;
    const number = this.#questions.length;
    const id = `${this.#life} question ${number}`;
    const text = `question ${number}`;
    const reply = this.#replyOf(claim.taskId);
    const isMarked = async (): Promise<boolean> =>
      (await this.#bench.store.queries.task(claim.taskId, all))?.cancelRequested ?? false;
    switch (step.do) {
      case "append":
        await work.append(claim, { events: [said("on it")] });
        break;
      case "ask":
        await work.append(claim, { events: [], ask: question(id, { deadlineMs: holdMs, text }) });
        this.#questions.push(id);
        break;
      case "release":
        await work.release(claim, { notBeforeMs: step.ms });
        break;
      case "suspend": {
        const asked = question(id, { deadlineMs: step.ms, text });
        const wasMarked = await isMarked();
        await work.suspend(claim, { question: asked, state: { left: number }, events: [] });
        // Of a cancelled task nothing is asked.
        if (!wasMarked) this.#questions.push(id);
        break;
      }
      case "finish":
        await work.finish(claim, {
          events: [said("done")],
          ending: { ...completed("done"), reply },
          ifCancelled: { ...failed("cancelled"), reply },
        });
        break;
      default:
        step satisfies never;
    }
  }

  async #send(node: number): Promise<readonly string[]> {
    const { outbox } = this.#bench.store;
    const by = this.#worker(node);
    const due = await outbox.due([this.#life], 10);
    const ids = await outbox.sending(
      due.map(({ id }) => id),
      by,
      holdMs,
    );
    const items = due.filter(({ id }) => ids.includes(id));
    this.#taken.push(...items.map((item) => ({ item, by })));
    return items.map(({ text, unknown }) => `${text}${unknown ? " unknown" : ""}`);
  }

  async #sent(
    { item, by }: { readonly item: OutboxItem; readonly by: WorkerId },
    step: StepOf<"delivered" | "dead" | "postpone">,
  ): Promise<string> {
    const { outbox } = this.#bench.store;
    const detail = "as the step says";
    if (step.do === "delivered")
      await outbox.delivered(item.id, by, { ref: null, repeated: false });
    if (step.do === "postpone")
      await outbox.postpone(item.id, by, { delayMs: step.ms, detail, unknown: false });
    if (step.do === "dead") {
      const id = `${this.#life} letter ${item.id}`;
      await outbox.dead(item.id, by, { id, reason: "reply_refused", detail });
    }
    return "told";
  }

  async #acknowledge(style: "log" | "queue"): Promise<readonly number[]> {
    const { intake } = this.#bench.store;
    const due = await intake.acksDue(this.#life, style);
    for (const { messages } of due) await intake.acknowledged(this.#life, messages);
    return due.map(({ ack }) => (ack as { readonly place: number }).place);
  }
}

/** What a step does with the thing that its number picks; "nothing" as long as there is none. */
async function picked<T>(
  things: readonly T[],
  pick: number,
  use: (thing: T) => Promise<unknown>,
): Promise<unknown> {
  const thing = things[pick % Math.max(1, things.length)];
  return thing === undefined ? "nothing" : await use(thing);
}
