import { parseArgs } from "node:util";
import { runProgram } from "../loopback/program.ts";
import { startFakePlatform } from "./server.ts";
import type { WorkspaceInput } from "./state.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    log: { type: "string" },
    workspace: { type: "string", multiple: true },
  },
});

const workspaces = values.workspace?.map((text): WorkspaceInput => {
  const [id = "", token] = text.split("=", 2);
  return { id, ...(token === undefined ? {} : { token }) };
});

await runProgram(() =>
  startFakePlatform({
    port: Number(values.port),
    logFile: values.log,
    ...(workspaces === undefined ? {} : { workspaces }),
  }),
);
