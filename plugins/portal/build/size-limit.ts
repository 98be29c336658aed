import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Fails a build whose files are larger, gzipped and together. */
export function sizeLimit(limit: { readonly bytes: number }): Plugin {
  return {
    name: "size-limit",
    writeBundle(_, bundle) {
      const sizes = Object.values(bundle)
        .filter(({ fileName }) => !fileName.endsWith(".md"))
        .map((file) => gzipSync(file.type === "chunk" ? file.code : file.source).length);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      if (bytes > limit.bytes)
        this.error(`The page takes ${bytes} bytes gzipped; the limit is ${limit.bytes}.`);
      this.info(`The page takes ${bytes} bytes gzipped, of at most ${limit.bytes}.`);
    },
  };
}
