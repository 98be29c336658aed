import { createExplainer } from "@agent-bridge/core";
import { exampleConfig } from "../config/config-schema.ts";
import type { Finding } from "../config/finding.ts";
import { operatorPower } from "../operator-power.ts";
import type { ConfigChoice } from "../paths.ts";
import type { Check, DoctorContext } from "./context.ts";
import { editCommand, ok, problem, shellWord, warn, type HealthFinding } from "./finding.ts";

/** Why the file is looked for where it is. */
const because: Readonly<Record<ConfigChoice, string>> = {
  "--config": "named by --config",
  AGENT_BRIDGE_HOME: "AGENT_BRIDGE_HOME is set",
  XDG_CONFIG_HOME: "XDG_CONFIG_HOME is set",
  default: "the user's config folder",
};

/** A command that a finding names itself, as `plugin add` for one that is not installed. */
const ownCommand = /`(agent-bridge [^`]+|chmod [^`]+)`/;

function firstConfig({ configFile, configFolder }: DoctorContext["paths"]): HealthFinding {
  const example = JSON.stringify(JSON.parse(exampleConfig));
  const [file, folder] = [shellWord(configFile), shellWord(configFolder)];
  return problem(
    `There is no configuration: ${configFile} says who may send what to which agent.`,
    `(umask 077; mkdir -p ${folder} && printf '%s\\n' ${shellWord(example)} > ${file})`,
  );
}

function invalid(context: DoctorContext, { path, place, message }: Finding): HealthFinding {
  const { configFile } = context.paths;
  const at = place === null ? "" : `:${place.line}:${place.column}`;
  const mend = ownCommand.exec(message)?.[1] ?? editCommand(configFile, place);
  return problem(`${configFile}${at}: ${path === "" ? "" : `${path} `}${message}`, mend);
}

export const configCheck: Check = {
  name: "configuration",
  run: async (context) => {
    const { paths, hasConfig } = context;
    if (!hasConfig) return [firstConfig(paths)];
    const { loaded, findings, routes } = await context.inspection();
    if (loaded === null || findings.length > 0)
      return findings.map((finding) => invalid(context, finding));
    const { config, document } = loaded;
    const edit = editCommand(paths.configFile, document.placeOf(["routes"]));
    const found: HealthFinding[] = [];
    if (config.routes.length === 0)
      found.push(warn("There are no routes: nobody may send anything.", edit));
    for (const note of routes?.notes ?? []) found.push(warn(note, edit));
    if (config.store.type === "memory")
      found.push(
        warn(
          "Accepted work would end with the daemon (store: memory).",
          "agent-bridge up --ephemeral",
        ),
      );
    const origin = `${paths.configFile} is valid (${because[paths.configChosenBy]}); it has ${config.routes.length} routes.`;
    return found.length > 0 ? found : [ok(origin)];
  },
};

export const pluginsCheck: Check = {
  name: "plugins",
  run: async ({ hasConfig, inspection, paths }) => {
    if (!hasConfig) return [];
    const { loaded, plugins } = await inspection();
    return (plugins?.reports ?? []).map(({ specifier, name, version, reason }) => {
      if (reason === null) return ok(`${name ?? specifier} ${version ?? ""} can be loaded.`);
      const place = loaded?.document.placeOf(["plugins", specifier]) ?? null;
      return problem(
        `${specifier} is in quarantine: ${reason}`,
        editCommand(paths.configFile, place),
      );
    });
  },
};

export const powerCheck: Check = {
  name: "authority",
  run: async ({ hasConfig, inspection, paths }) => {
    if (!hasConfig) return [];
    const { loaded, plugins, routes, findings } = await inspection();
    if (loaded === null || plugins === null || routes === null || findings.length > 0) return [];
    const { kinds, channels } = plugins;
    const explainer = createExplainer({ ...routes, kinds, channels });
    return explainer.routes.flatMap(({ route }, index) => {
      const own = loaded.config.routes.indexOf(routes.routes[index] as typeof route);
      const edit = editCommand(paths.configFile, loaded.document.placeOf(["routes", own]));
      const which = `Route ${own + 1} (${route.kind} to ${route.runner})`;
      switch (operatorPower(explainer.authority(route), paths)) {
        case "full":
          return warn(
            `${which}: this run has operator power, over the bridge itself as well.`,
            edit,
          );
        case "unknown":
          return warn(
            `${which}: what a run may do is not known; it may have operator power.`,
            edit,
          );
        case "reads":
          return ok(`${which}: a run can read what the operator sees, and change nothing of it.`);
        case "none":
          return ok(`${which}: a run reaches nothing of the bridge.`);
        default:
          return [];
      }
    });
  },
};
