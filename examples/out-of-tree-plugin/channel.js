import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineChannel } from "@agent-bridge/core";

const lookEveryMs = 100;

/** A folder as a channel: notes come in as files of `inbox`, replies go out as files of `outbox`. */
export function folderChannel({ name, path }, { clock }) {
  const inbox = join(path, "inbox");
  const outbox = join(path, "outbox");

  return defineChannel({
    name: `folder:${name}`,
    // One file at a time: the next is looked for when the reply to this one is settled.
    inbox: "queue",
    inboxId: `folder ${path}`,

    async receive({ waitMs, signal }) {
      await mkdir(inbox, { recursive: true });
      const until = clock.steady() + waitMs;
      for (;;) {
        const [file] = (await readdir(inbox)).filter((each) => each.endsWith(".json")).toSorted();
        if (file !== undefined) return { deliveries: [await delivery(inbox, file)], next: null };
        if (clock.steady() >= until) return { deliveries: [], next: null };
        await clock.sleep(lookEveryMs, signal);
      }
    },

    async send({ destination, text }, { idempotencyKey }) {
      await mkdir(outbox, { recursive: true });
      const ref = createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 32);
      const file = join(outbox, `${ref}.json`);
      await writeFile(`${file}.new`, JSON.stringify({ to: destination.to, text }));
      await rename(`${file}.new`, file);
      return { ref };
    },

    // The same reply has the same file: written twice, it is there once.
    deduplicates: () => true,

    async ack({ file }) {
      await rm(join(inbox, file), { force: true });
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
