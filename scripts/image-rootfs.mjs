// Writes the root file system of the image into a new folder, without Docker: the pinned Node, the libraries it needs
// from this machine's Debian, certificates, two users, and the program with the packages that it runs with.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fillCompileCache } from "./image-compile-cache.mjs";

const root = join(import.meta.dirname, "..");
const [folder] = process.argv.slice(2);
if (folder === undefined) fail("usage: npm run image:rootfs -- DIR");
const target = resolve(folder);
if (existsSync(target) && readdirSync(target).length > 0) fail(`${target} is not empty`);

const nodePackage = `node-linux-${process.arch}`;
const nodeFile = join(root, "node_modules", nodePackage, "bin/node");
if (!existsSync(nodeFile))
  fail(`${nodePackage} is not installed: run "npm ci" on the machine of the image's kind`);

makeFolders();
copyPrograms();
writeUsers();
copyCertificates();
copyApp();
fillCompileCache({
  app: join(target, "app"),
  node: join(target, "usr/local/bin/node"),
  flags: entrypointFlags(),
});
const sizes = readdirSync(target).map((name) => `${name} ${mebibytes(sizeOf(join(target, name)))}`);
console.log(`${target}: ${mebibytes(sizeOf(target))} (${sizes.join(", ")})`);

function makeFolders() {
  for (const folder of [
    "app",
    "bin",
    "etc/ssl/certs",
    "home/longshore",
    "root",
    "usr/local/bin",
    "var/run/longshore",
  ])
    mkdirSync(join(target, folder), { recursive: true });
  mkdirSync(join(target, "tmp"));
  chmodSync(join(target, "tmp"), 0o1777);
}

/** Node, and the shell that starts it, each with the shared libraries that the loader names. */
function copyPrograms() {
  const shell = realpathSync("/bin/sh");
  copyExecutable(nodeFile, "usr/local/bin/node");
  copyExecutable(shell, "bin/sh");
  copyExecutable(join(root, "images/longshore"), "usr/local/bin/longshore");
  for (const library of new Set([...librariesOf(nodeFile), ...librariesOf(shell), ...nameServices()]))
    copyExecutable(realpathSync(library), library);
}

/** Of Node, as the image's entrypoint gives them. */
function entrypointFlags() {
  return readFileSync(join(root, "images/longshore"), "utf8").match(/--[a-z-]+=\S+/gi) ?? [];
}

function librariesOf(program) {
  const printed = execFileSync("ldd", [program], { encoding: "utf8" });
  return printed.match(/\/\S+(?=\s\(0x)/g) ?? [];
}

/** The C library opens these itself, where it has not them inside (since 2.34 it has). */
function nameServices() {
  const folder = `/lib/${{ x64: "x86_64", arm64: "aarch64" }[process.arch]}-linux-gnu`;
  const names = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];
  return names.map((name) => join(folder, name)).filter((file) => existsSync(file));
}

function copyExecutable(from, to) {
  mkdirSync(join(target, dirname(to)), { recursive: true });
  copyFileSync(from, join(target, to));
  chmodSync(join(target, to), 0o755);
}

function writeUsers() {
  write(
    "etc/passwd",
    "root:x:0:0:root:/root:/bin/sh\nlongshore:x:1000:1000:longshore:/home/longshore:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
  );
  write("etc/group", "root:x:0:\nlongshore:x:1000:\nnogroup:x:65534:\n");
  write("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
}

function copyCertificates() {
  const bundle = "etc/ssl/certs/ca-certificates.crt";
  if (!existsSync(`/${bundle}`)) fail(`/${bundle} is missing: install ca-certificates`);
  write(bundle, readFileSync(`/${bundle}`));
}

function write(name, content) {
  writeFileSync(join(target, name), content, { mode: 0o644 });
}

function copyApp() {
  const app = join(target, "app");
  copyFileSync(join(root, "package.json"), join(app, "package.json"));
  copyFileSync(join(root, "LICENSE"), join(app, "LICENSE"));
  for (const folder of ["src", "charts"].filter((name) => existsSync(join(root, name))))
    cpSync(join(root, folder), join(app, folder), {
      recursive: true,
      filter: (path) => !path.endsWith(".test.ts"),
    });
  for (const path of runtimePackages()) copyPackage(path, join(app, path));
}

/** Where package-lock.json puts what runs: neither types nor tools of the developers, nor Node itself. */
function runtimePackages() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const isLeftOut = (path) => /(^|\/)node_modules\/(@types\/|node-linux-|undici-types$)/.test(path);
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== "" && !dev && !devOptional && !isLeftOut(path))
    .map(([path, { optional }]) => ({ path, optional }))
    .filter(({ path, optional }) => {
      if (existsSync(join(root, path))) return true;
      return optional ? false : fail(`${path} is not installed: run "npm ci"`);
    })
    .map(({ path }) => path);
}

/** Without what Node never loads: types (it runs no TypeScript of packages), source maps, pages for people. */
function copyPackage(path, to) {
  cpSync(join(root, path), to, {
    recursive: true,
    filter: (from) => {
      const name = basename(from);
      if (lstatSync(from).isDirectory()) return name !== "node_modules" && name !== ".github";
      return !/\.([cm]?ts|map|md|markdown|flow|tsbuildinfo)$/i.test(name) || /^licen[cs]e/i.test(name);
    },
  });
}

function sizeOf(path) {
  const seen = lstatSync(path);
  if (!seen.isDirectory()) return seen.isFile() ? statSync(path).size : 0;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function mebibytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function fail(message) {
  console.error(`image-rootfs: ${message}`);
  process.exit(1);
}
