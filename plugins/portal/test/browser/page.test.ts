import { memoryStore, systemClock, systemRandom } from "@agent-bridge/core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { completed, pause, said, scriptedAgent, thinking, type Act } from "../scripted-agent.ts";
import { buildPage, type BuiltPage } from "./built-page.ts";
import { startChromium } from "./chromium.ts";
import { servePortal, type ServedPortal } from "./served-portal.ts";

let built: BuiltPage;
let browser: Browser;
beforeAll(async () => {
  built = await buildPage();
  browser = await startChromium();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await built?.[Symbol.asyncDispose]();
});

let served: ServedPortal;
let context: BrowserContext;
/** What a page complained about: a breach of its policy, an error that nobody caught. */
let complaints: string[];
beforeEach(async () => {
  served = await servePortal({ folder: built.folder });
  context = await browser.newContext();
  context.setDefaultTimeout(15_000);
  complaints = [];
});
afterEach(async () => {
  await context.close();
  await served[Symbol.asyncDispose]();
  if (complaints.length > 0) throw new Error(`The page complained: ${complaints.join("; ")}`);
});

const delta = (text: string): Act => ({ type: "text", text, delta: true });

/** Opens the page signed in. */
async function open(): Promise<Page> {
  const page = await newPage();
  await page.goto(served.link());
  await page.locator('.link-state[data-phase="open"]').waitFor();
  return page;
}

async function newPage(): Promise<Page> {
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const isOwn = message.type() === "error" && !message.text().includes("Failed to load resource");
    if (isOwn && !message.text().includes("WebSocket connection")) complaints.push(message.text());
  });
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press("Enter");
}

const answer = (page: Page) => page.locator(".answer");
const field = (page: Page) => page.getByRole("textbox", { name: "Your message" });
const feed = (page: Page) => page.getByRole("region", { name: "Messages" });

describe("signing in", () => {
  test("takes the code out of the address at once, works only once, and needs nothing after a reload", async () => {
    const page = await newPage();
    const link = served.link();
    await page.goto(link);
    await page.locator('.link-state[data-phase="open"]').waitFor();
    expect(page.url()).toBe(`${served.url}#/chat`);
    await page.reload();
    await page.getByText("operator", { exact: true }).waitFor();
    await context.clearCookies();
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByRole("alert").getByText("used before").waitFor();
    expect(page.url()).toBe(`${served.url}#/chat`);
  });

  test("without a cookie it says how to sign in, and takes a key that it forgets with the tab", async () => {
    const page = await newPage();
    await page.goto(served.url);
    await page.getByText("agent-bridge portal", { exact: true }).waitFor();
    await page.getByLabel("API key").fill("no-key");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("not known").waitFor();
    await page.getByLabel("API key").fill("the-key");
    await page.getByLabel("API key").press("Enter");
    await page.getByText("operator", { exact: true }).waitFor();
    const stored = await page.evaluate("JSON.stringify([sessionStorage, localStorage])");
    expect(stored).not.toContain("the-key");
    await page.reload();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });
});

describe("the chat", () => {
  test("shows the thinking, the tools and the answer, and asks nobody else for anything", async () => {
    const foreign: string[] = [];
    context.on("request", (request) => {
      const { host, protocol } = new URL(request.url());
      if (protocol !== "data:" && host !== new URL(served.url).host) foreign.push(request.url());
    });
    const output = Array.from({ length: 500 }, (_, line) => `line ${line}`).join("\n");
    served.agent.script([
      thinking("Let me look."),
      { type: "tool_call", callId: "1", name: "shell", input: { command: "ls" } },
      { type: "tool_result", callId: "1", status: "ok", output },
      {
        type: "usage",
        inputTokens: 1_200,
        cachedInputTokens: 0,
        outputTokens: 34,
        reasoningTokens: 0,
      },
      completed("There are **two** files."),
    ]);
    const page = await open();
    await say(page, "How many files?");
    await answer(page).getByText("There are two files.").waitFor();
    expect(await answer(page).locator("strong").textContent()).toBe("two");
    await feed(page).getByText("1.2k tokens").waitFor();
    await page.getByText("Worked").click();
    await page.getByText("1 tool call, 1 thought").click();
    await page.getByText("Let me look.").waitFor();
    await page.getByRole("button", { name: "shell ls" }).click();
    const shown = page.getByLabel("Output");
    expect(await shown.textContent()).not.toContain("line 400");
    await page.getByRole("button", { name: "Show more" }).click();
    await page.getByRole("button", { name: "Show more" }).click();
    expect(await shown.textContent()).toContain("line 499");
    expect(foreign).toEqual([]);
  });

  test("shows a text while it comes, and the whole one in its place", async () => {
    served.agent.script([
      delta("Hel"),
      delta("lo the"),
      pause,
      said("Hello there."),
      pause,
      completed("Done."),
    ]);
    const page = await open();
    await say(page, "Greet");
    await feed(page).getByText("Hello the", { exact: true }).waitFor();
    await expect.poll(() => served.agent.paused).toBe(1);
    served.agent.goOn();
    await feed(page).getByText("Hello there.", { exact: true }).waitFor();
    expect(await feed(page).getByText("Hello the", { exact: true }).count()).toBe(0);
    await expect.poll(() => served.agent.paused).toBe(1);
    served.agent.goOn();
    await answer(page).getByText("Done.").waitFor();
    await page.getByRole("status").getByText("The agent answered: Done.").waitFor();
  });

  test("a second message waits for the one before it, and Shift+Enter only makes a line", async () => {
    served.agent.script([pause, completed("first")], [completed("second")]);
    const page = await open();
    await field(page).fill("one");
    await field(page).press("Shift+Enter");
    await field(page).pressSequentially("more");
    expect(await field(page).inputValue()).toBe("one\nmore");
    await field(page).press("Enter");
    await expect.poll(() => served.agent.paused).toBe(1);
    await say(page, "two");
    await page.getByText("Waits for the message before it").waitFor();
    served.agent.goOn();
    await answer(page).getByText("second").waitFor();
    expect(await answer(page).allTextContents()).toEqual(["first", "second"]);
    expect(served.agent.prompts).toEqual(["one\nmore", "two"]);
  });

  test("a reload in the middle of a turn goes on where it was: nothing is lost or doubled", async () => {
    served.agent.script([
      thinking("First thought."),
      delta("Half of "),
      pause,
      delta("the answer"),
      pause,
      completed("The whole answer."),
    ]);
    const page = await open();
    await say(page, "Think");
    await feed(page).getByText("Half of").waitFor();
    await field(page).fill("a draft");
    const before = page.url();
    await page.reload();
    await feed(page).getByText("Half of").waitFor();
    expect(page.url()).toBe(before);
    expect(await field(page).inputValue()).toBe("a draft");
    expect(await feed(page).getByText("First thought.").count()).toBe(1);
    expect(await feed(page).locator(".asked").count()).toBe(1);
    await expect.poll(() => served.agent.paused).toBe(1);
    served.agent.goOn();
    await feed(page).getByText("Half of the answer", { exact: true }).waitFor();
    await expect.poll(() => served.agent.paused).toBe(1);
    served.agent.goOn();
    await answer(page).getByText("The whole answer.").waitFor();
    expect(served.agent.prompts).toEqual(["Think"]);
    await page.reload();
    await answer(page).getByText("The whole answer.").waitFor();
  });

  test("a second tab sees the same turn, and what was written in the first", async () => {
    served.agent.script(
      [said("Working on it."), pause, completed("Both see it.")],
      [completed("Once more.")],
    );
    const first = await open();
    await say(first, "Work");
    await feed(first).getByText("Working on it.").waitFor();
    const second = await newPage();
    await second.goto(first.url());
    await feed(second).getByText("Working on it.").waitFor();
    served.agent.goOn();
    await answer(first).getByText("Both see it.").waitFor();
    await answer(second).getByText("Both see it.").waitFor();
    await say(second, "Again");
    await expect.poll(async () => await answer(second).count()).toBe(2);
    await expect.poll(async () => await answer(first).count(), { timeout: 20_000 }).toBe(2);
  }, 40_000);

  test("a task that is stopped says so, and keeps what the agent had said", async () => {
    served.agent.script([said("So far so good."), pause, completed("never")]);
    const page = await open();
    await say(page, "Begin");
    await feed(page).getByText("So far so good.").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Cancelled by operator.").waitFor();
    expect(await answer(page).textContent()).toContain("So far so good.");
    expect(await feed(page).getByText("So far so good.").count()).toBe(1);
    const { items } = await served.operator.tasks({});
    expect(items.map(({ error }) => error?.code)).toEqual(["cancelled"]);
  });

  test("a task that failed says why", async () => {
    served.agent.script([{ type: "throw", message: "The model is gone." }]);
    const page = await open();
    await say(page, "Begin");
    await page.locator(".failure").getByText("The model is gone.").waitFor();
    await page.locator(".failure").getByText("runner_failed").waitFor();
  });
});

describe("a reader", () => {
  const lines = (name: string): string =>
    Array.from({ length: 60 }, (_, line) => `${name} ${line}`).join("\n\n");

  test("who is at the end stays there, and who reads further up is not moved", async () => {
    served.agent.script([said(lines("a")), pause, said(lines("b")), pause, completed(lines("c"))]);
    const page = await open();
    await say(page, "Tell");
    await feed(page).getByText("a 59").waitFor();
    const fromEnd = async (): Promise<number> =>
      await feed(page).evaluate(
        ({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight,
      );
    await expect.poll(fromEnd).toBeLessThan(2);
    await expect.poll(() => served.agent.paused).toBe(1);
    served.agent.goOn();
    await feed(page).getByText("b 59").waitFor();
    await expect.poll(fromEnd).toBeLessThan(2);
    await feed(page).hover();
    await page.mouse.wheel(0, -900);
    const newest = page.getByRole("button", { name: "Newest" });
    await newest.waitFor();
    const top = await feed(page).evaluate(({ scrollTop }) => scrollTop);
    await expect.poll(() => served.agent.paused).toBe(1);
    expect(await feed(page).evaluate(({ scrollTop }) => scrollTop)).toBe(top);
    await newest.click();
    await expect.poll(fromEnd).toBeLessThan(2);
    served.agent.goOn();
    await answer(page).getByText("c 59").waitFor();
  });

  test("who may choose among agents reaches the one that was chosen", async () => {
    await served[Symbol.asyncDispose]();
    const agents = [scriptedAgent("first"), scriptedAgent("second")];
    served = await servePortal({ folder: built.folder, agents });
    const page = await open();
    await page.getByLabel("Agent", { exact: true }).selectOption("second");
    await say(page, "Hello");
    await answer(page).waitFor();
    expect(agents.map(({ prompts }) => prompts)).toEqual([[], ["Hello"]]);
  });
});

describe("a bridge that stops", () => {
  test("is told of, and after its next start the page goes on by itself", async () => {
    const store = memoryStore({ clock: systemClock(), random: systemRandom });
    const { port } = new URL(served.url);
    await served[Symbol.asyncDispose]();
    served = await servePortal({ folder: built.folder, store, port: Number(port) });
    served.agent.script([said("Before the stop."), pause, completed("never")]);
    const page = await open();
    await say(page, "Work");
    await feed(page).getByText("Before the stop.").waitFor();
    await served[Symbol.asyncDispose]();
    await page.getByText("The bridge has stopped.").waitFor();
    await say(page, "And one more");
    await page.getByText("It is sent once the bridge is there again.").waitFor();
    const agent = scriptedAgent();
    agent.script([completed("After the start.")], [completed("The other one.")]);
    const next = { folder: built.folder, store, port: Number(port), agents: [agent] };
    served = await servePortal(next);
    await page.getByRole("button", { name: "Try now" }).click();
    await answer(page).getByText("After the start.").waitFor();
    await answer(page).getByText("The other one.").waitFor();
    expect(await feed(page).locator(".asked").allTextContents()).toEqual(["Work", "And one more"]);
    expect((await served.operator.tasks({})).items).toHaveLength(2);
  });
});

describe("an approval", () => {
  const dangerous = "rm -rf \u202e/tmp/x\u200b";
  test("shows exactly what will be run, and takes the answer", async () => {
    served.agent.script([
      { type: "ask", title: "Run it?", details: { command: dangerous, cwd: "/repo" } },
      completed("over"),
    ]);
    const page = await open();
    await say(page, "Clean up");
    const card = page.getByRole("region", { name: "Run it?" });
    await card.waitFor();
    expect(await card.locator("pre").allTextContents()).toEqual([
      "rm -rf ⟨U+202E⟩/tmp/x⟨U+200B⟩",
      "/repo",
    ]);
    await card.getByText("Counts as declined in").waitFor();
    await page.reload();
    await card.getByRole("button", { name: "Accept" }).click();
    await answer(page).getByText("over").waitFor();
    expect(await card.count()).toBe(0);
    const [task] = (await served.operator.tasks({})).items;
    const [question] = await served.operator.questions(task?.id ?? "");
    expect(question).toMatchObject({ state: "answered", answer: { action: "accept" } });
  });

  test("can be declined with the keyboard alone", async () => {
    served.agent.script([{ type: "ask" }, completed("over")]);
    const page = await open();
    await say(page, "Clean up");
    const decline = page.getByRole("button", { name: "Decline" });
    await decline.waitFor();
    for (let presses = 0; presses < 60; presses++) {
      if (await decline.evaluate((element) => element.matches(":focus"))) break;
      await page.keyboard.press("Shift+Tab");
    }
    await page.keyboard.press("Enter");
    await answer(page).getByText("over").waitFor();
    await page.getByText("Worked").click();
    await page.getByText("declined by operator").waitFor();
  });
});

describe("what an agent says", () => {
  test("is never run, and no terminal sequence or turned direction is left in it", async () => {
    const evil = [
      "<script>window.evil = 1</script><img src=x onerror='window.evil = 2'>",
      "\u001b[31mred\u001b[0m \u001b]8;;http://evil\u0007link\u001b]8;;\u0007 \u009b2Jgone \u202eabc",
      "[click](javascript:window.evil=3) [fine](https://example.com/page)",
      "```html\n<script>window.evil = 4</script>\n```",
    ].join("\n\n");
    served.agent.script([
      thinking(evil),
      { type: "tool_call", callId: "1", name: "<b>shell</b>", input: evil },
      { type: "tool_result", callId: "1", status: "ok", output: evil },
      { type: "notice", level: "warning", text: evil },
      { type: "plan", steps: [{ text: evil, status: "active" }] },
      said(`${evil} and more`),
      completed(evil),
    ]);
    const page = await open();
    await say(page, evil);
    await answer(page).getByText("<script>window.evil = 1</script>").waitFor();
    await page.getByText("Worked").click();
    await page.getByText("1 tool call, 1 thought").click();
    await page.getByRole("button", { name: "<b>shell</b>" }).click();
    expect(await page.evaluate("window.evil")).toBeUndefined();
    expect(await page.locator("#page script, #page img, #page b").count()).toBe(0);
    const text = await feed(page).textContent();
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(text).not.toContain("[31m");
    expect(
      await answer(page)
        .locator("a")
        .evaluateAll((links) =>
          links.map((link) => [link.getAttribute("href"), link.getAttribute("rel")]),
        ),
    ).toEqual([["https://example.com/page", "noopener noreferrer"]]);
    await page.getByRole("link", { name: "Tasks" }).click();
    await page.locator(".task-list li a").first().click();
    await page.getByRole("button", { name: "Events" }).click();
    await page.locator(".raw-line").first().click();
    expect(await page.evaluate("window.evil")).toBeUndefined();
  });
});

describe("a narrow window", () => {
  test("shows everything within 360 pixels, and the conversations behind a button that Esc closes", async () => {
    served.agent.script([
      said("word ".repeat(40)),
      completed(`\`\`\`\n${"x".repeat(300)}\n\`\`\`\n\n${"y".repeat(300)}`),
    ]);
    const page = await open();
    await page.setViewportSize({ width: 360, height: 640 });
    const isWithin = "document.documentElement.scrollWidth <= innerWidth";
    await say(page, `Look at ${"z".repeat(200)}`);
    await answer(page).waitFor();
    expect(await page.evaluate(isWithin)).toBe(true);
    const drawer = page.getByRole("dialog", { name: "Conversations" });
    await page.getByRole("button", { name: "Conversations" }).click();
    await drawer.getByRole("link", { name: "New conversation" }).waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(async () => await drawer.isVisible()).toBe(false);
    await page.getByRole("link", { name: "Tasks" }).click();
    await page.locator(".task-list li a").first().click();
    await page.getByRole("heading", { level: 2 }).waitFor();
    expect(await page.evaluate(isWithin)).toBe(true);
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Tasks" }).waitFor();
  });
});

describe("the tasks", () => {
  test("are listed by their conditions, each with its events", async () => {
    served.agent.script([completed("good")], [{ type: "throw", message: "bad" }]);
    const page = await open();
    await say(page, "this one works");
    await answer(page).getByText("good").waitFor();
    await say(page, "this one fails");
    await page.locator(".failure").waitFor();
    await page.getByRole("link", { name: "Tasks" }).click();
    const rows = page.locator(".task-list li");
    await expect.poll(async () => await rows.count()).toBe(2);
    await page.getByLabel("Status").selectOption("failed");
    await expect.poll(async () => await rows.count()).toBe(1);
    await page.getByLabel("Kind").selectOption("prompt");
    await page.getByText("No task is like this.").waitFor();
    await page.getByLabel("Kind").selectOption("portal.chat");
    await rows.first().getByRole("link").click();
    await page.getByRole("button", { name: "Events" }).click();
    const types = page.locator(".raw-type");
    await expect.poll(async () => await types.last().textContent()).toBe("task.failed");
    await page.locator(".raw-line").last().click();
    expect(await page.getByLabel(/^Event \d+$/).textContent()).toContain('"code": "runner_failed"');
    const address = page.url();
    await page.reload();
    expect(page.url()).toBe(address);
    await page.getByText("bad").first().waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Tasks" }).waitFor();
  });
});
