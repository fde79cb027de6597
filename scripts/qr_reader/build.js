// Builds the reader into one file that pages load, with the notice of what is in it; `--check`: is it the one that is there?
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../../stamgast/web/pages/static/qr-reader.js");
const read = (...path) => readFileSync(join(here, ...path), "utf8");

const made = await build({
  absWorkingDir: here, entryPoints: ["reader.js"], bundle: true, minify: true, write: false,
  format: "iife", target: ["es2021", "safari15"], legalComments: "none", charset: "utf8",
});
/** By this a test of ours, which has no npm, knows whether somebody forgot to build. */
const sources = createHash("sha256").update(read("reader.js")).update(read("package-lock.json")).digest("hex");
const { version, license } = JSON.parse(read("node_modules/qr/package.json"));
const notice = read("node_modules/qr/LICENSE-MIT").trim().replaceAll("*/", "* /");
const head = `/*! Built by scripts/qr_reader; edit its files and build it anew.\nSources: ${sources}\n\nqr ${version} (${license})\n\n${notice}\n*/\n`;
const text = head + made.outputFiles[0].text;
if (!process.argv.includes("--check")) {
  writeFileSync(target, text);
  console.log(`${target}: ${(text.length / 1024).toFixed(0)} kB`);
} else if (!existsSync(target) || readFileSync(target, "utf8") !== text) {
  console.error(`${target} is not what its sources make: npm run build`);
  process.exit(1);
}
