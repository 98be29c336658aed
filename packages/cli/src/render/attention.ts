import type { Attention, BridgeStatus, ChannelStatus, RunnerStatus } from "@agent-bridge/core";
import { formatDuration } from "./duration.ts";
import { deadLettersText } from "./only-counted.ts";
import { plainLine } from "./plain-text.ts";

type Fact = readonly [string, string];

const inTime = (ms: number): string => (ms <= 0 ? "now" : `in ${formatDuration(ms)}`);

function repliesText({ store, attention }: BridgeStatus): string {
  const { destinations, failing, oldestMs, nextTryMs } = attention.outbox;
  const parts = [`${store.outbox} waiting`];
  if (destinations > 0) parts.push(`for ${destinations} destinations`);
  if (oldestMs !== null) parts.push(`oldest ${formatDuration(oldestMs)}`);
  if (nextTryMs !== null) parts.push(`next try ${inTime(nextTryMs)}`);
  if (failing > 0) parts.push(`${failing} FAILING`);
  return parts.join(", ");
}

function problemFact(problem: Attention["outbox"]["problems"][number]): Fact {
  const { channel, taskId, tries, ageMs, nextTryMs, detail } = problem;
  const of = taskId === null ? "a notice" : `the reply of ${taskId}`;
  const text = `${of} did not arrive at ${tries} tries in ${formatDuration(ageMs)}, again ${inTime(nextTryMs)}: ${plainLine(detail, 300)}`;
  return [`reply by ${channel}`, text];
}

function questionFact(question: Attention["questions"][number], now: number): Fact {
  const { taskId, title, askedAt, deadlineAt } = question;
  const asked = `asked ${formatDuration(now - askedAt)} ago`;
  const until = `"no" ${inTime(deadlineAt - now)}`;
  return ["question", `${taskId}: ${plainLine(title, 200)} (${asked}, ${until})`];
}

/** What waits for a person or a platform: replies, questions, dead letters. */
export function attentionFacts(bridge: BridgeStatus, now: number): readonly Fact[] {
  const { store, attention } = bridge;
  const reasons = attention.deadLetters.map(({ reason, count }) => `${count} ${reason}`);
  const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  return [
    ["replies", repliesText(bridge)],
    ...attention.outbox.problems.map(problemFact),
    ["questions", `${store.openQuestions} open`],
    ...attention.questions.map((question) => questionFact(question, now)),
    ["dead letters", `${deadLettersText(store)}${why}`],
  ];
}

/** How a channel receives. */
export function channelText(channel: ChannelStatus, now: number): string {
  const { state, failures, lastError, lastGoodPollAt, nextPollAt, unacknowledged } = channel;
  const parts = [state.replace("_", " "), `${unacknowledged} unacknowledged`];
  if (lastGoodPollAt !== null)
    parts.push(`last good poll ${formatDuration(now - lastGoodPollAt)} ago`);
  if (nextPollAt !== null) parts.push(`next ${inTime(nextPollAt - now)}`);
  if (failures > 0) parts.push(`${failures} failed polls: ${plainLine(lastError ?? "", 300)}`);
  return parts.join(", ");
}

function healthText({ health, checkedAt }: RunnerStatus, now: number): string {
  if (health === null) return "not checked yet";
  const seen = checkedAt === null ? "" : `, looked at ${formatDuration(now - checkedAt)} ago`;
  if (!health.ready) return `NOT READY${seen}: ${plainLine(health.problems.join(" "), 500)}`;
  const program = [health.version, health.path].filter((part) => part !== null).join(" at ");
  return `${program === "" ? "ready" : `ready, ${plainLine(program, 300)}`}${seen}`;
}

/** How a runner fares. */
export function runnerText(runner: RunnerStatus, now: number): string {
  const { lastFailure } = runner;
  const text = healthText(runner, now);
  if (lastFailure === null) return text;
  const { at, code, message, taskId } = lastFailure;
  const what = `${code}, ${taskId}: ${plainLine(message, 200)}`;
  return `${text.replace(/\.$/, "")}; last failure ${formatDuration(now - at)} ago (${what})`;
}
