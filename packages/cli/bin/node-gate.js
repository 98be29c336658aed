/**
 * Tells in one line that a Node is too old, or null when it will do.
 * The versions are those of `engines` in package.json; a test keeps the two equal.
 *
 * @param {string} version as in process.versions.node
 */
export function nodeProblem(version) {
  var parts = version.split(".").map(Number);
  var major = parts[0];
  var minor = parts[1];
  var fits = (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26;
  if (fits) return null;
  return (
    "agent-bridge needs Node ^24.16.0 || >=26.1.0; this is " +
    version +
    ". Install it from https://nodejs.org, or run `npx -y -p node@24 -p agent-bridge agent-bridge`. (NODE_TOO_OLD)"
  );
}
