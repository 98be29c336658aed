import { defineConfig } from "vite";
import { sizeLimit } from "./size-limit.ts";

/** Builds the page into the package. What it has built is all that is ever served of it. */
export default defineConfig({
  root: new URL("../page", import.meta.url).pathname,
  base: "/portal/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [sizeLimit({ bytes: 120 * 1024 })],
  build: {
    outDir: new URL("../dist/page", import.meta.url).pathname,
    emptyOutDir: true,
    target: ["chrome119", "firefox121", "safari17.4"],
    modulePreload: { polyfill: false },
    // Everything is a file of its own: the policy of the page allows nothing inline but pictures.
    assetsInlineLimit: 0,
    license: { fileName: "third-party.md" },
    reportCompressedSize: false,
  },
});
