import { existsSync, readFileSync } from "node:fs";
import { BridgeError, describeError, newId, type Random } from "@agent-bridge/core";
import * as z from "zod";
import type { HostPaths } from "./paths.ts";
import { readPrivateFile, writePrivateFile } from "./private-files.ts";

const identitySchema = z.object({
  /** Marks the processes of this state folder. */
  stateId: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/),
  /** Names this installation in leases. */
  node: z.string().min(1),
});

/** What stays the same of an installation over restarts. */
export type Identity = z.infer<typeof identitySchema>;

/**
 * Reads the ids of the state folder, or makes them. Call with the state lock held.
 *
 * @throws BridgeError CONFIG_INVALID when the file is damaged: new ids would leave marked processes behind
 */
export function identityOf(paths: HostPaths, random: Random): Identity {
  const text = readPrivateFile(paths.identity);
  if (text === undefined) {
    const made = { stateId: newId("state", random), node: newId("node", random) };
    writePrivateFile(paths.identity, `${JSON.stringify(made)}\n`);
    return made;
  }
  try {
    return identitySchema.parse(JSON.parse(text));
  } catch (error) {
    throw new BridgeError(
      "CONFIG_INVALID",
      {
        file: paths.identity,
        detail: `${describeError(error).split("\n", 1)[0] ?? ""} End all processes of this bridge, then remove it.`,
      },
      { cause: error },
    );
  }
}

/** The ids of a state folder for who only looks; undefined where there are none, or they are damaged. */
export function lookAtIdentity({ identity }: Pick<HostPaths, "identity">): Identity | undefined {
  if (!existsSync(identity)) return undefined;
  const text = readFileSync(identity, "utf8");
  try {
    return identitySchema.parse(JSON.parse(text));
  } catch {
    // A start refuses it with what to do.
    return undefined;
  }
}
