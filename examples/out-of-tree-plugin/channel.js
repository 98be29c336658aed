import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BridgeError, defineChannel, describeError } from "@agent-bridge/core";

const lookEveryMs = 100;

/** A folder as a channel: notes come in as files of `inbox`, replies go out as files of `outbox`. */
export function folderChannel(options, { clock }) {
  const name = `folder:${options.name}`;
  const inbox = join(options.path, "inbox");
  const outbox = join(options.path, "outbox");

  /** Tells a failure as the contract wants it. Nothing here retries: the bridge does. */
  const attempt = async (operation, work) => {
    try {
      return await work();
    } catch (cause) {
      const known = { effect: "none", retryable: true };
      const failure = { channel: name, operation, detail: describeError(cause), ...known };
      throw new BridgeError("CHANNEL_FAILED", failure, { cause });
    }
  };
  const firstNote = async () => {
    await mkdir(inbox, { recursive: true });
    const files = (await readdir(inbox)).filter((file) => file.endsWith(".json"));
    return files.toSorted()[0];
  };

  return defineChannel({
    name,
    // One note at a time: the next is looked for when the reply to this one is settled.
    inbox: "queue",
    // One daemon of a user reads an inbox.
    inboxId: `folder ${options.path}`,

    async receive({ waitMs, signal }) {
      const until = clock.steady() + waitMs;
      for (;;) {
        signal.throwIfAborted();
        const file = await attempt("receive", firstNote);
        if (file !== undefined) {
          const found = await attempt("receive", async () => await delivery(inbox, file));
          return { deliveries: [found], next: null };
        }
        if (clock.steady() >= until) return { deliveries: [], next: null };
        await clock.sleep(lookEveryMs, signal);
      }
    },

    async send({ destination, text }, { idempotencyKey }) {
      const ref = createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 32);
      const file = join(outbox, `${ref}.json`);
      await attempt("send", async () => {
        await mkdir(outbox, { recursive: true });
        await writeFile(`${file}.new`, JSON.stringify({ to: destination.to, text }));
        await rename(`${file}.new`, file);
      });
      return { ref };
    },

    // The same reply has the same file: written twice, it is there once.
    deduplicates: () => true,

    async ack({ file }) {
      await attempt("ack", async () => await rm(join(inbox, file), { force: true }));
    },
  });
}

async function delivery(inbox, file) {
  const text = await readFile(join(inbox, file), "utf8");
  return {
    id: file,
    kind: "folder.note",
    workspace: "",
    payload: parsed(text),
    ack: { file },
  };
}

/** What is not JSON is handed on as it is: the kind refuses it, and it becomes a dead letter. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
