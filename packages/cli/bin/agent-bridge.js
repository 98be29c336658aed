#!/usr/bin/env node
// Old syntax only: an older Node must get as far as the line that tells what it lacks.
import { nodeProblem } from "./node-gate.js";

var problem = nodeProblem(process.versions.node);
if (problem === null) {
  import("agent-bridge/main").then(
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
