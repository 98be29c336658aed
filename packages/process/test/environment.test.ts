import { allowedEnvironment, basicVariables, markVariable } from "@agent-bridge/process";
import { expect, test } from "vitest";

const source = {
  PATH: "/bin",
  LC_ALL: "C",
  OPENAI_API_KEY: "secret",
  OPENAI_BASE_URL: "http://localhost",
  PATHOLOGICAL: "no",
  MISSING: undefined,
  [markVariable]: "s:t:1",
};

test("only what the list names reaches a child", () => {
  expect(allowedEnvironment(source)).toEqual({ PATH: "/bin", LC_ALL: "C" });
});

test("names and beginnings of names add to the list", () => {
  expect(allowedEnvironment(source, { names: ["OPENAI_API_KEY"] })).toEqual({
    PATH: "/bin",
    LC_ALL: "C",
    OPENAI_API_KEY: "secret",
  });
  expect(Object.keys(allowedEnvironment(source, { names: ["OPENAI_*", "MISSING"] }))).toEqual([
    "PATH",
    "LC_ALL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
  ]);
});

test("given entries are set, over those of the source", () => {
  const environment = allowedEnvironment(source, { entries: { PATH: "/opt/bin", EMPTY: "" } });
  expect(environment).toEqual({ PATH: "/opt/bin", LC_ALL: "C", EMPTY: "" });
});

test("the mark of the run that the parent is in is never copied", () => {
  const environment = allowedEnvironment(source, { names: ["AGENT_*", markVariable] });
  expect(environment).not.toHaveProperty(markVariable);
});

test("an entry called like a property of objects is an entry, and nothing else", () => {
  const entries = JSON.parse('{"__proto__": "text"}') as Record<string, string>;
  const environment = allowedEnvironment({}, { entries });
  expect(Object.entries(environment)).toEqual([["__proto__", "text"]]);
});

test.for(["*", "", "A B", "*A", "A=*", "1A"])("%j is no rule of an allow-list", (name) => {
  expect(() => allowedEnvironment({}, { names: [name] })).toThrow(TypeError);
});

test("a bad entry is refused without its value in the error", () => {
  const cases: readonly Record<string, string>[] = [{ "A=B": "hidden" }, { A: "hidden\0" }];
  for (const entries of cases) {
    const build = () => allowedEnvironment({}, { entries });
    expect(build).toThrow(TypeError);
    expect(build).not.toThrow(/hidden/);
  }
});

test("nothing that is usually a secret or another server is on the list by itself", () => {
  expect(basicVariables.filter((name) => /KEY|TOKEN|SECRET|PASS|PROXY|URL/.test(name))).toEqual([]);
});
