import type { Runner, RunnerFinding } from "@agent-bridge/core";
import type { Check } from "./context.ts";
import { editCommand, ok, problem, warn, type HealthFinding } from "./finding.ts";

async function check(
  runner: Runner,
  { signal, fallback }: { readonly signal: AbortSignal; readonly fallback: string },
): Promise<readonly HealthFinding[]> {
  const { ready, version, path, problems, findings } = await runner.check(signal);
  const told: readonly RunnerFinding[] =
    findings ?? problems.map((text) => ({ about: "program", text, mend: null }));
  const program = [version, path].filter((part) => part !== null).join(" at ");
  const named = program === "" ? runner.name : `${runner.name} (${program})`;
  const wrong = told.map(({ text, mend }) => {
    const tell = ready ? warn : problem;
    return tell(`${runner.name}: ${text}`, mend ?? fallback);
  });
  if (!ready && wrong.length === 0) return [problem(`${named} can not work.`, fallback)];
  return ready ? [ok(`${named} can work.`), ...wrong] : wrong;
}

/** Program, version, sign-in and sandbox of each runner that a route names: what it says of itself when it tries. */
export const runnerCheck: Check = {
  name: "runners",
  run: async ({ hasConfig, inspection, paths }, signal) => {
    if (!hasConfig) return [];
    const { routes, plugins } = await inspection();
    const used = new Set((routes?.routes ?? []).map(({ runner }) => runner));
    // One that stands in for a quarantined plugin's has nothing of its own to say.
    const runners = (plugins?.runners ?? []).filter(({ name }) => used.has(name));
    const fallback = editCommand(paths.configFile);
    const found = await Promise.all(
      runners.map(async (runner) => await check(runner, { signal, fallback })),
    );
    return found.flat();
  },
};
