import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import {
  BridgeError,
  describeError,
  jsonSchema,
  type Explanation,
  type Route,
  type RouteRefusal,
  type SupposedMessage,
  type SupposedTask,
} from "@agent-bridge/core";
import { checkValue, operatorPower, withoutSecrets, type HostPaths } from "@agent-bridge/host";
import * as z from "zod";
import { pathsOf, runs, type CommandRow, type CommonOptions } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { inspect, usable } from "../../inspection.ts";
import { authorityFacts } from "../../render/authority.ts";
import { formatDuration } from "../../render/duration.ts";
import { plainLine } from "../../render/plain-text.ts";
import { renderFacts } from "../../render/table.ts";
import { routeTable, type RouteRow, type RouteTable } from "../../route-table.ts";
import type { Surroundings } from "../../surroundings.ts";

interface Options extends CommonOptions {
  readonly config?: string;
}

const messageSchema = z.strictObject({
  kind: z.string().min(1),
  payload: jsonSchema,
  channel: z.string().min(1).nullable().default(null),
  workspace: z.string().default(""),
  sender: z.string().nullable().exactOptional(),
  runner: z.string().min(1).nullable().default(null),
});

/** The largest message that is read, whatever the limit of the configuration. */
const maxBytes = 4 * 1024 * 1024;

function findingOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `${issue.keys.join(", ")} is not a known key.`;
  return `${issue.path.length === 0 ? "it" : issue.path.map(String).join(".")} ${issue.message}`;
}

/** @throws BridgeError INPUT_INVALID */
async function readMessage(file: string, { stdin }: Surroundings): Promise<SupposedMessage> {
  const what = file === "-" ? "The message on stdin" : file;
  const refuse = (detail: string): BridgeError =>
    new BridgeError("INPUT_INVALID", { what, detail });
  let written: string;
  try {
    written = file === "-" ? await readAll(stdin) : await readFile(file, "utf8");
  } catch (error) {
    throw refuse(describeError(error));
  }
  if (written.length > maxBytes) throw refuse(`it is longer than ${maxBytes} characters.`);
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch (error) {
    throw refuse(`it is not JSON (${describeError(error)}).`);
  }
  const parsed = checkValue(messageSchema, value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const shape = "Write { kind, payload } and, for a channel's, { channel, workspace, sender }.";
  throw refuse(`${issue === undefined ? "" : findingOf(issue)} ${shape}`);
}

const refusals: Readonly<Record<RouteRefusal, (row: RouteRow, sender: string) => string>> = {
  other_kind: ({ route }) => `it is for the kind "${route.kind}"`,
  other_runner: ({ route }) => `another runner was asked for, not "${route.runner}"`,
  sender_not_named: (_, sender) => `it does not name "${sender}"`,
  sender_unknown: () => 'the platform does not say who sent it, so only "*" would do',
};

function ruleLines(of: Explanation, table: RouteTable): readonly string[] {
  return of.rules.map(({ index, refusal }) => {
    const row = table.rows[table.placeOf(index)] as RouteRow;
    const why = refusal === null ? "MATCHES" : refusals[refusal](row, of.sender ?? "unknown");
    return `  ${plainLine(`route ${row.index + 1} (line ${row.line}): ${why}`, 300)}`;
  });
}

const budgetSubjects = {
  route: "this route",
  sender: "each sender",
  conversation: "each conversation",
} as const;

function budgetFact({ per, windowHours, name, ...limits }: NonNullable<Route["budget"]>): string {
  const most = Object.entries(limits).map(([unit, limit]) => `${limit} ${unit}`);
  const shared = name === undefined ? "" : `, shared as "${name}"`;
  return `${most.join(", ")} in ${windowHours} h for ${budgetSubjects[per]}${shared}`;
}

function taskFacts(task: SupposedTask, paths: HostPaths): readonly (readonly [string, string])[] {
  const { route, limits, authority } = task;
  const conversation = task.conversation ?? "one of its own";
  const reply =
    task.destination === null ? "the task's end is the answer" : JSON.stringify(task.destination);
  const durations = [
    `start ${formatDuration(limits.startMs)}`,
    `idle ${formatDuration(limits.idleMs)}`,
    `total ${formatDuration(limits.totalMs)}`,
  ];
  const facts: readonly (readonly [string, string])[] = [
    ["runner", route.runner],
    ["conversation", conversation],
    ["reply to", reply],
    ["questions", task.questions === "ask" ? "go to the sender" : "are answered with no"],
    ["options", JSON.stringify(withoutSecrets(task.options))],
    ["time-outs", durations.join(", ")],
    [
      "after a crash",
      route.recover === "resume" ? "goes on in its session" : "ends as interrupted",
    ],
    ...(route.budget === undefined ? [] : [["budget", budgetFact(route.budget)] as const]),
    ...(task.hops === null
      ? []
      : [["hops", `at most ${task.hops} until a person writes`] as const]),
    ...(task.reportsOn === null
      ? []
      : [["noted at", `the reply ${task.reportsOn}, without a run, if it is ours`] as const]),
    ...authorityFacts(authority, operatorPower(authority, paths)),
  ];
  return facts.map(([name, value]) => [name, plainLine(value, 500)]);
}

function refusedLines(of: Explanation, paths: HostPaths): readonly string[] {
  if (of.refused === null) return [];
  const { reason, detail, wouldAllow } = of.refused;
  const what = reason === "refused" ? "It is refused" : `It becomes a dead letter (${reason})`;
  return [
    plainLine(`${what}: ${detail}`, 500),
    ...(wouldAllow === null
      ? []
      : [
          `This line in \`routes\` of ${paths.configFile} would let it pass:`,
          `  ${JSON.stringify(wouldAllow)},`,
        ]),
  ];
}

export const explain: CommandRow = {
  name: "explain",
  add: (commands, program) => {
    const command = commands
      .command("explain")
      .description("say what would become of a message, why, and what its run may do")
      .argument(
        "<message.json>",
        "{ kind, payload, channel?, workspace?, sender?, runner? }; - is stdin",
      )
      .option("--config <file>", "by this configuration");
    runs<Options>(command, program, async ({ args, options, printer, surroundings }) => {
      const message = await readMessage(args[0] ?? "-", surroundings);
      const paths = pathsOf(surroundings, options.config);
      await using found = await inspect(surroundings, paths);
      const parts = usable(found, paths);
      const table = routeTable(parts, paths);
      const explained = table.explainer.explain(message);
      const { task, refused } = explained;
      printer.json({
        ...explained,
        rules: explained.rules.map(({ index, refusal }) => {
          const { index: place, line } = table.rows[table.placeOf(index)] as RouteRow;
          return { index: place, line, refusal };
        }),
        task:
          task === null
            ? null
            : {
                ...task,
                route: table.rows[table.placeOf(task.index)]?.route,
                options: withoutSecrets(task.options),
                index: table.placeOf(task.index),
                operatorPower: operatorPower(task.authority, paths),
              },
      });
      const channels = parts.plugins.channels.map(({ name }) => name);
      if (message.channel !== null && !channels.includes(message.channel)) {
        const known = channels.join(", ") || "none";
        printer.note([`There is no channel "${message.channel}" here. Known channels: ${known}.`]);
      }
      const from = message.channel === null ? "a direct caller" : `the channel ${message.channel}`;
      printer.text([
        plainLine(`${message.kind} of ${explained.sender ?? "an unknown sender"}, by ${from}`),
        ...ruleLines(explained, table),
        ...(task === null ? [] : renderFacts(taskFacts(task, paths))),
        ...refusedLines(explained, paths),
      ]);
      return refused === null ? exitCodes.ok : exitCodes.failed;
    });
  },
};
