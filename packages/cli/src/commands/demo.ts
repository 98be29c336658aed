import { runs, type CommandRow, type CommonOptions } from "../command.ts";
import type { DemoReport } from "../demo/demo.ts";
import { exitCodes } from "../exit-codes.ts";

interface DemoOptions extends CommonOptions {
  readonly requireReal?: boolean;
}

/** A machine that tests is not to be told that a stand-in was the real codex. */
const isChecked = (env: Readonly<Record<string, string | undefined>>): boolean =>
  env["CI"] !== undefined && env["CI"] !== "" && env["CI"] !== "false";

function summaryOf({ runner, ...report }: DemoReport): readonly string[] {
  const stand = runner.isReal ? "" : ", which is NOT the real codex";
  const session = report.sameSession ? "kept over the kill" : "NOT kept over the kill";
  return [
    `runner    ${runner.name} ${runner.version ?? "(unknown version)"} at ${runner.path ?? "(unknown path)"}${stand}`,
    `messages  ${report.messages}, replies ${report.replies} by the platform's own record`,
    `session   ${session}; orphans that the next start had to end: ${report.orphansEnded}`,
    `took      ${(report.elapsedMs / 1000).toFixed(1)} s`,
  ];
}

export const demo: CommandRow = {
  name: "demo",
  add: (commands, program) => {
    const command = commands
      .command("demo")
      .description("show the whole way of a message on the real codex, without a key or a network")
      .option("--require-real", "fail if it was not the real codex (always so where CI is set)");
    runs<DemoOptions>(command, program, async ({ options, printer, surroundings }) => {
      // Loaded only when it is asked for: a daemon has no use for test servers.
      const { runDemo } = await import("../demo/demo.ts");
      const report = await runDemo((line) => printer.text([line]), surroundings.interrupts());
      const { runner } = report;
      printer.json(report);
      printer.text(["", ...summaryOf(report)]);
      const isRefused =
        (options.requireReal === true || isChecked(surroundings.env)) && !runner.isReal;
      return report.ok && !isRefused ? exitCodes.ok : exitCodes.failed;
    });
  },
};
