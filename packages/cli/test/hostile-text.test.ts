import { expect, test } from "vitest";
import { document, makeHome, type Home } from "./home.ts";

/** What a terminal would obey, and text around it. */
const evil = "shown\u001b[2J\u001b]0;title\u0007\u009b31m\u202e\r\u0007end";
/** Of that, what may never reach a terminal; line ends and tabs are the commands' own. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/;

/** The commands that print what an agent, a caller or a plugin wrote. */
const commands = (id: string, conversation: string): readonly (readonly string[])[] => [
  ["task", "list"],
  ["task", "show", id],
  ["task", "events", id],
  ["task", "events", id, "--follow"],
  ["task", "wait", id],
  ["task", "resume", id],
  ["conversation", "list"],
  ["conversation", "show", conversation],
  ["dead-letter", "list"],
  ["status"],
  ["doctor"],
  ["route", "list"],
  ["plugin", "list"],
  ["config", "show"],
];

async function hostileHome(): Promise<{ home: Home; id: string; conversation: string }> {
  const home = makeHome();
  home.writeConfig({
    plugins: { "scripted-plugin": {} },
    routes: [{ kind: "prompt", from: ["operator"], runner: "scripted" }],
  });
  await home.up();
  const prompt = ["text", "think", "tool", "fail"].map((word) => `${word} ${evil}`).join("\n");
  const args = ["send", prompt, "--conversation", `name ${evil}`, "--json"];
  const { task } = document((await home.run(args)).stdout) as { task: Record<string, string> };
  const [id = "", conversation = ""] = [task["id"], task["conversationId"]];
  await home.run(["task", "wait", id, "--timeout", "30"]);
  return { home, id, conversation };
}

test("no command gives a terminal what an agent wrote to steer it", async () => {
  const { home, id, conversation } = await hostileHome();
  let shown = 0;
  for (const args of commands(id, conversation)) {
    const { stdout, stderr } = await home.run(args);
    const text = stdout + stderr;
    expect({ args, control: controls.exec(text)?.[0] }).toEqual({ args, control: undefined });
    shown += text.includes("shown") ? 1 : 0;
  }
  expect(shown).toBeGreaterThan(4);
  const followed = await home.run(["send", `think ${evil}\nsay ${evil}`, "--follow"]);
  expect(controls.exec(followed.stdout + followed.stderr)?.[0]).toBeUndefined();
  expect(followed.stdout).toContain("shown");
}, 90_000);
