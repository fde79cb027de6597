// Builds the editor into one file that pages load, with the notices of what is in it; `--check`: is it the one that is there?
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync, readdirSync, existsSync } from "node:fs";
import { join, dirname } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../../stamgast/web/pages/static/rule-editor.js");

const made = await build({
  absWorkingDir: here, entryPoints: ["editor.js"], bundle: true, minify: true, write: false, metafile: true,
  format: "iife", target: "es2022", legalComments: "none", charset: "utf8",
});

function packagesIn(inputs) {
  const found = new Set();
  for (const file of Object.keys(inputs)) {
    const within = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
    if (within) found.add(within[1]);
  }
  return [...found].sort();
}

function notices() {
  const byText = new Map();
  for (const name of packagesIn(made.metafile.inputs)) {
    const folder = join(here, "node_modules", name);
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    if (!file) throw new Error(`${name} has no licence with it`);
    const text = readFileSync(join(folder, file), "utf8").trim().replaceAll("*/", "* /");
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  return [...byText].map(([text, names]) => `${names.join(", ")}\n\n${text}`).join("\n\n---\n\n");
}

/** By this a test of ours, which has no npm, knows whether somebody forgot to build. */
function sources() {
  const hash = createHash("sha256");
  for (const file of ["editor.js", "words.js", "package-lock.json"]) hash.update(readFileSync(join(here, file)));
  return hash.digest("hex");
}

const head = `/*! Built by scripts/editor from these packages and from its own files; edit those, and build it anew.\nSources: ${sources()}\n\n${notices()}\n*/\n`;
const text = head + made.outputFiles[0].text;
if (process.argv.includes("--check")) {
  if (!existsSync(target) || readFileSync(target, "utf8") !== text) {
    console.error(`${target} is not what its sources make: npm run build`);
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
  console.log(`${target}: ${(text.length / 1024).toFixed(0)} kB`);
}
