import { runs, type CommandRow, type CommonOptions, type Invocation } from "../command.ts";
import type { DemoReport } from "../demo/demo.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";

interface DemoOptions extends CommonOptions {
  readonly requireReal?: boolean;
  readonly portal?: boolean;
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

async function openPortal({
  printer,
  surroundings,
}: Pick<Invocation<DemoOptions>, "printer" | "surroundings">): Promise<ExitCode> {
  const { runPortalDemo } = await import("../demo/portal-demo.ts");
  const write = (line: string): void => printer.text([line]);
  await runPortalDemo((demo) => printer.json(demo), write, surroundings.interrupts());
  return exitCodes.ok;
}

export const demo: CommandRow = {
  name: "demo",
  add: (commands, program) => {
    const command = commands
      .command("demo")
      .description("show the whole way of a message on the real codex, without a key or a network")
      .option("--portal", "open the chat page on agents against a stub model, until Ctrl-C")
      .option("--require-real", "fail if it was not the real codex (always so where CI is set)");
    runs<DemoOptions>(command, program, async (invocation) => {
      const { options, printer, surroundings } = invocation;
      if (options.portal === true) return await openPortal(invocation);
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
