import { runDoctor, type DoctorReport } from "@agent-bridge/host";
import { pathsOf, runs, type CommandRow, type CommonOptions } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Line, Tone } from "../render/line.ts";
import { plainLine } from "../render/plain-text.ts";

interface Options extends CommonOptions {
  readonly config?: string;
}

type Found = DoctorReport["findings"][number];

/** How each level is shown. */
const marks: Readonly<Record<Found["level"], { readonly word: string; readonly tone: Tone }>> = {
  ok: { word: "ok     ", tone: "quiet" },
  warn: { word: "warn   ", tone: "strong" },
  problem: { word: "PROBLEM", tone: "bad" },
};

function linesOf({ check, level, text, mend }: Found, width: number): readonly Line[] {
  const { word, tone } = marks[level];
  const line = { tone, text: `${word}  ${check.padEnd(width)}  ${plainLine(text, 600)}` };
  return mend === null
    ? [line]
    : [line, { tone: "normal", text: `${" ".repeat(width + 11)}mend: ${plainLine(mend, 1000)}` }];
}

function summary({ level, next, findings }: DoctorReport, isHeld: boolean): readonly Line[] {
  const count = (of: Found["level"]): number =>
    findings.filter((finding) => finding.level === of).length;
  const counts = `problems: ${count("problem")}, warnings: ${count("warn")}`;
  if (next !== null)
    return [
      { tone: level === "problem" ? "bad" : "strong", text: `${counts}. Next:` },
      { tone: "normal", text: `  ${plainLine(next, 1000)}` },
    ];
  const then = isHeld ? "" : " Next: agent-bridge up --detach";
  return [{ tone: "good", text: `Nothing is wrong.${then}` }];
}

export const doctor: CommandRow = {
  name: "doctor",
  add: (commands, program) => {
    const command = commands
      .command("doctor")
      .description("look whether everything can work here, and say what mends what can not")
      .option("--config <file>", "with this configuration");
    runs<Options>(command, program, async ({ options, printer, surroundings }) => {
      const paths = pathsOf(surroundings, options.config);
      const report = await runDoctor({
        paths,
        env: surroundings.env,
        resolveFrom: [import.meta.url],
        signal: surroundings.interrupts(),
      });
      printer.json({ ok: report.level !== "problem", ...report });
      const width = Math.max(...report.findings.map(({ check }) => check.length));
      printer.text([
        ...report.findings.flatMap((finding) => linesOf(finding, width)),
        ...summary(report, report.isHeld),
      ]);
      return report.level === "problem" ? exitCodes.failed : exitCodes.ok;
    });
  },
};
