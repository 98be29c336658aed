import { parseArgs } from "node:util";
import { runProgram } from "../loopback/program.ts";
import { startStubModel } from "./server.ts";

const { values } = parseArgs({ options: { port: { type: "string", default: "0" } } });
await runProgram(() => startStubModel({ port: Number(values.port) }));
