import type { CommandRow } from "./command.ts";
import { config } from "./commands/config.ts";
import { connect } from "./commands/connect.ts";
import { conversation } from "./commands/conversation.ts";
import { deadLetter } from "./commands/dead-letter.ts";
import { demo } from "./commands/demo.ts";
import { doctor } from "./commands/doctor.ts";
import { down } from "./commands/down.ts";
import { plugin } from "./commands/plugin.ts";
import { portal } from "./commands/portal.ts";
import { route } from "./commands/route.ts";
import { mcp } from "./commands/mcp.ts";
import { send } from "./commands/send.ts";
import { status } from "./commands/status.ts";
import { task } from "./commands/task.ts";
import { up } from "./commands/up.ts";
import { version } from "./commands/version.ts";

/** Every command, in the order of the help. */
export const commands: readonly CommandRow[] = [
  demo,
  up,
  down,
  status,
  doctor,
  send,
  task,
  conversation,
  deadLetter,
  mcp,
  connect,
  portal,
  route,
  config,
  plugin,
  version,
];
