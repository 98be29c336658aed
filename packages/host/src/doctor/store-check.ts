import { isBridgeError } from "@agent-bridge/core";
import type { Check } from "./context.ts";
import { ok, problem, shellWord } from "./finding.ts";

export const storeCheck: Check = {
  name: "database",
  run: async ({ paths: { database }, store }) => {
    const file = shellWord(database);
    try {
      const found = await store();
      if (found === null) return [ok(`${database} is made by the first start.`)];
      const { schema, bytes } = found;
      return [ok(`${database} can be read: schema ${schema}, ${bytes} bytes.`)];
    } catch (error) {
      if (isBridgeError(error, "STORE_CORRUPT"))
        return [problem(error.message, `mv ${file} ${file}.broken`)];
      if (isBridgeError(error, "STORE_SCHEMA_NEWER"))
        return [problem(error.message, "npm install -g agent-bridge@latest")];
      if (isBridgeError(error)) return [problem(error.message, `ls -l ${file}`)];
      throw error;
    }
  },
};
