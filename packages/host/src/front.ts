/**
 * What a thin front on the daemon's socket needs, and nothing that takes long to load: it is started by every
 * client, often for a moment, and stays beside it for hours.
 */
export { resolvePaths, type HostPaths } from "./paths.ts";
export { ownStderr, ownStdout } from "./plugins/plugin-output.ts";
export { dialDaemon, type DialedDaemon, type DialOptions } from "./socket/dial-daemon.ts";
export { LineSplitter } from "./socket/line-splitter.ts";
export { versionNotice } from "./version-notice.ts";
