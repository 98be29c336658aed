import { realpathSync } from "node:fs";
import { sep } from "node:path";
import type { CallerOptions, JsonObject } from "@agent-bridge/core";
import * as z from "zod";
import { absolutePath } from "./plugin-options.ts";
import type { CodexTurnOptions } from "./turn-options.ts";

/** Sandboxes, the narrowest first. */
const sandboxes = ["read-only", "workspace-write", "danger-full-access"] as const;

const schema = z.strictObject({
  cwd: absolutePath.optional().describe("Where Codex works: inside of the route's folder."),
  model: z.string().min(1).max(200).optional().describe("The model, where the route names none."),
  sandbox: z.enum(sandboxes).optional().describe("What commands may do: at most the route's."),
  "approval-policy": z
    .enum(["never", "on-request", "untrusted"])
    .optional()
    .describe("When Codex asks: `never`, or the route's."),
});

type Asked = z.output<typeof schema>;

/** Why an option is not permitted; undefined where it is. */
type Check = (route: CodexTurnOptions, asked: Asked) => string | undefined;

const checks: readonly Check[] = [
  ({ sandbox: bound }, { sandbox }) =>
    sandbox === undefined || sandboxes.indexOf(sandbox) <= sandboxes.indexOf(bound)
      ? undefined
      : `The sandbox "${sandbox}" (the route has "${bound}")`,
  ({ approvals }, { "approval-policy": policy }) =>
    policy === undefined || policy === "never" || policy === approvals
      ? undefined
      : `The approval policy "${policy}" (the route has "${approvals}")`,
  ({ model: bound }, { model }) =>
    model === undefined || bound === undefined || model === bound
      ? undefined
      : `The model "${model}" (the route has "${bound}")`,
  checkFolder,
];

/** What a caller may ask of one turn. */
export const codexCallerOptions: CallerOptions<CodexTurnOptions> = {
  schema,
  within: (route, given) => {
    const asked = schema.parse(given);
    const refused = checks.map((check) => check(route, asked)).find((text) => text !== undefined);
    if (refused !== undefined) return { refused };
    const { "approval-policy": approvals, ...same } = asked;
    const narrowed = { ...route, ...same, ...(approvals === undefined ? {} : { approvals }) };
    return { options: narrowed as unknown as JsonObject };
  },
};

/**
 * A folder inside of the route's. The sandbox that writes makes the folder writable, and a link could be put
 * in its place before the turn begins: there only the route's own will do.
 */
function checkFolder(route: CodexTurnOptions, { cwd, sandbox }: Asked): string | undefined {
  if (cwd === undefined || cwd === route.cwd) return undefined;
  if (route.cwd === undefined) return `The folder ${cwd} (the route names none)`;
  if ((sandbox ?? route.sandbox) === "workspace-write")
    return `Another folder than ${route.cwd} with the sandbox "workspace-write"`;
  const [outer, inner] = [realPath(route.cwd), realPath(cwd)];
  const isInside =
    outer !== undefined && inner !== undefined && `${inner}${sep}`.startsWith(`${outer}${sep}`);
  return isInside ? undefined : `The folder ${cwd} (it is not one inside of the route's)`;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // A folder that is not there, or can not be looked at, is inside of none.
    return undefined;
  }
}
