/**
 * An npm registry on loopback that knows the packed packages and sends everybody else on to the registry that
 * npm is set to: what is installed from it is what would be installed after publishing.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { execa } from "execa";
import type { PackedPackage } from "./packed-packages.ts";

/** A running registry. */
export interface LocalRegistry extends AsyncDisposable {
  /** What `--registry` takes. */
  readonly url: string;
}

/** What npm asks a registry about a package: its versions, each with its manifest and tarball. */
function packument({ name, version, tarball }: PackedPackage, manifest: object, url: string) {
  const integrity = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
  const dist = { tarball: `${url}tarballs/${basename(tarball)}`, integrity };
  return {
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, dist } },
  };
}

/** The manifest inside of a tarball, which is not the one in the workspace. */
async function packedManifest(tarball: string): Promise<object> {
  const { stdout } = await execa("tar", ["-xzOf", tarball, "package/package.json"]);
  return JSON.parse(stdout) as object;
}

/** Serves packages until it is disposed. */
export async function serveRegistry(packages: readonly PackedPackage[]): Promise<LocalRegistry> {
  const { stdout: upstream } = await execa("npm", ["config", "get", "registry"]);
  const manifests = new Map<string, object>();
  for (const { name, tarball } of packages) manifests.set(name, await packedManifest(tarball));
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").slice(1));
    const tarball = packages.find((one) => path === `tarballs/${basename(one.tarball)}`)?.tarball;
    if (tarball !== undefined) return void response.end(readFileSync(tarball));
    const asked = packages.find(({ name }) => name === path);
    const manifest = manifests.get(path);
    if (asked === undefined || manifest === undefined) {
      return void response.writeHead(302, { location: new URL(path, upstream).href }).end();
    }
    response.setHeader("content-type", "application/json");
    return void response.end(JSON.stringify(packument(asked, manifest, url)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url, [Symbol.asyncDispose]: close };
}
