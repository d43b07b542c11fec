// SPDX-License-Identifier: Apache-2.0
// harness.mjs -- runs the tests of a file in headless Chromium.
//
// test(NAME, async (browser) => ...) adds one; runAll() runs them in order, prints a line each,
// closes with "N passed, N failed" and ends the process with 1 if one failed.
import { createRequire } from "node:module";
import path from "node:path";

export const need = createRequire(path.join(process.env.NODE_MODULES_OF || process.cwd(), "package.json"));
const { chromium } = need("playwright-core");
const tests = [];

export const test = (name, run) => tests.push({ name, run });

export async function runAll() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  let failed = 0;
  for (const { name, run } of tests) {
    try {
      await run(browser);
      console.log("ok      " + name);
    } catch (error) {
      failed++;
      console.log("not ok  " + name + "\n" + String(error.stack || error).replace(/^/gm, "        "));
    }
  }
  await browser.close();
  console.log(`${tests.length - failed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}
