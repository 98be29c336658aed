#!/usr/bin/env node
// Old syntax only: an older Node must get as far as the line that tells what it lacks.
import { nodeProblem } from "./node-gate.js";

var problem = nodeProblem(process.versions.node);
if (problem === null) {
  // As MCP clients start it: without the code of all other commands.
  var isFront = process.argv[2] === "mcp" && process.argv.length === 3;
  import(isFront ? "agent-bridge/front" : "agent-bridge/main").then(
    function (main) {
      return main.main(process.argv.slice(2));
    },
    function (error) {
      process.stderr.write("agent-bridge is not installed whole: " + error.message + "\n");
      process.exitCode = 1;
    },
  );
} else {
  process.stderr.write(problem + "\n");
  process.exitCode = 3;
}
