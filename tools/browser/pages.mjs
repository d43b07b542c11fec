// SPDX-License-Identifier: Apache-2.0
// pages.mjs -- opens the report and the comparison in a browser, and uses them.
//
// usage: node pages.mjs MQTTSPEC FOLDER     MQTTSPEC: the binary to test;
//        FOLDER: where the pages and the screenshots go
// It also checks the JSON against reports/conformance.schema.json. Closes with
// "N passed, N failed" and exits 1 if one failed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { need, runAll, test } from "./harness.mjs";
import { sampleRun } from "./sample.mjs";

const [binary, folder] = process.argv.slice(2).map((p) => path.resolve(p));
const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../..");
const Ajv = need("ajv/dist/2020.js").default;

const inFolder = (...parts) => path.join(folder, ...parts);
const run = (...args) => execFileSync(binary, args, { encoding: "utf8" });

function makePages() {
  mkdirSync(inFolder("captures"), { recursive: true });
  for (const test of ["will_published_on_drop", "second_connect_closes"])
    writeFileSync(inFolder("captures", test + ".pcap"), "");
  const runs = [
    ["one", sampleRun("alpha", "1.0", "2026-01-02T03:04:05Z")],
    ["two", sampleRun("beta", "2.0", "2026-01-02T03:05:05Z", { will_published_on_drop: "passed", second_connect_closes: "failed" })],
    ["three", sampleRun("alpha", "1.1", "2026-02-02T03:04:05Z", { will_published_on_drop: "passed" })],
  ];
  /* One test of many rows: they fail alike, and are more than a page shows at once. */
  const many = sampleRun("gamma", "3.0", "2026-01-02T03:06:05Z", { will_published_on_drop: "passed" });
  const row = many.cases[1];
  for (let i = 0; i < 250; i++)
    many.cases.push({ ...row, test: "rows_are_kept", name: `rows_are_kept[${i}]/5.0/tcp`, verdict: "failed", expected: "a row", actual: "none" });
  /* And more tests than a page shows at once. */
  for (let i = 0; i < 80; i++)
    many.cases.push({ ...row, test: "lone_" + i, name: `lone_${i}/5.0/tcp`, verdict: "passed" });
  runs.push(["many", many]);
  for (const [name, document] of runs) {
    writeFileSync(inFolder(name + ".json"), JSON.stringify(document));
    run("merge", inFolder(name + ".json"), "--report", inFolder(name));
  }
  run("compare", inFolder("one"), inFolder("two"), "-o", inFolder("compare.html"));
  run("compare", inFolder("one"), inFolder("three"), "-o", inFolder("history.html"));
  run("compare", inFolder("two"), inFolder("many"), "-o", inFolder("long.html"));
  breakBroker();
}

/* The page of a run that did happen, of a broker with a fault: it ends with 1. */
function breakBroker() {
  const broken = ["run", "--only", "subscribe_no_local_shared/5.0/tcp", "--fault", "no_local_on_shared_taken", "--report", inFolder("real")];
  assert.throws(() => execFileSync(binary, broken, { stdio: "pipe" }), (error) => error.status === 1);
}

const url = (...parts) => "file://" + inFolder(...parts);

/* Opens a page of a width; whatever it logs or asks of a network is an error. */
async function open(browser, address, width = 1280, scheme = "light") {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  /* A machine that is busy with other work is slow, and no page is at fault. */
  context.setDefaultTimeout(120000);
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && page.complaints.push(m.text()));
  page.on("pageerror", (e) => page.complaints.push(String(e)));
  page.on("request", (r) => /^https?:/.test(r.url()) && page.complaints.push("asked for " + r.url()));
  await page.goto(address);
  return page;
}

async function done(page) {
  const complaints = page.complaints;
  await page.context().close();
  assert.deepEqual(complaints, []);
}

/* An arrow begins at the column of who sends, and its tip lies at the other's. */
async function pointsFromTo(step, sender, receiver) {
  const start = Number(await step.locator(".arrow").getAttribute("x1"));
  const [tip, back] = (await step.locator(".tip").getAttribute("d")).match(/M (\S+) \S+ l (\S+)/).slice(1).map(Number);
  assert.ok(Math.abs(start - sender) < 10, `it begins at ${start}, not ${sender}`);
  assert.ok(Math.abs(tip - receiver) < 10, `it ends at ${tip}, not ${receiver}`);
  assert.equal(Math.sign(back), Math.sign(sender - receiver), "its tip points back");
}

test("the verdict stands in one line", async (browser) => {
  const page = await open(browser, url("one", "index.html"));
  assert.match(await page.locator("h1").innerText(), /^It breaks 1 statement and keeps \d+\.$/);
  assert.match(await page.title(), /alpha 1\.0/);
  await done(page);
});

test("a failed case shows its ladder", async (browser) => {
  const page = await open(browser, url("one", "index.html"));
  const line = page.locator("#failure-list .case").first();
  if (!(await line.evaluate((e) => e.open))) await line.locator("summary").first().click();
  await line.locator(".ladder svg").waitFor();
  assert.equal(await line.locator(".step").count(), 8);
  assert.equal(await line.locator(".offending").count(), 1);
  assert.deepEqual(await line.locator(".head").allTextContents(), ["watcher", "broker", "pump"]);
  const columns = await line.locator(".head").evaluateAll((all) => all.map((e) => Number(e.getAttribute("x"))));
  for (const [step, sender, receiver] of [[1, 0, 1], [2, 1, 0], [4, 2, 1], [5, 1, 2], [7, 1, 0]])
    await pointsFromTo(line.locator(".step").nth(step), columns[sender], columns[receiver]);
  await line.locator(".offending").hover();
  assert.match(await page.locator("#hint").innerText(), /RETAIN\s*true/);
  await line.locator(".step").nth(1).hover();
  assert.match(await page.locator("#hint").innerText(), /Client Identifier\s*watcher/);
  assert.match(await line.innerText(), /RETAIN 1 & "<b>gone<\/b>"/);
  assert.match(await line.locator(".command code").innerText(), /--only will_published_on_drop/);
  assert.equal(await line.locator("a[href$='.pcap']").getAttribute("href"), "captures/will_published_on_drop.pcap");
  await page.screenshot({ path: inFolder("failure.png") });
  await done(page);
});

test("the keyboard walks up and down a ladder", async (browser) => {
  const page = await open(browser, url("one", "index.html"));
  const steps = page.locator("#failure-list .ladder .step"), focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  await page.locator("#failure-list .command button").focus();
  await page.keyboard.press("Tab");
  assert.match(await focused(), /watcher receives PUBLISH .*, the offending packet$/);
  assert.match(await page.locator("#hint").innerText(), /RETAIN\s*true/);
  await page.keyboard.press("ArrowUp");
  assert.match(await focused(), /pump sends cut/);
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  assert.match(await page.locator("#hint").innerText(), /Client Identifier\s*watcher/);
  await page.keyboard.press("Escape");
  assert.ok(await page.locator("#hint").isHidden());
  assert.equal(await steps.and(page.locator("[tabindex='0']")).count(), 1);
  await done(page);
});

test("what did not come has a rung of its own, where it was waited for", async (browser) => {
  const page = await open(browser, url("one", "index.html"));
  const story = await page.evaluate(() => {
    const at = (time, event) => ({ time, event, who: "a", from: "client", text: event });
    const told = withMissing([at(0, "open"), at(1, "packet"), at(1.1, "close"), at(11, "close")], { verdict: "failed", expected: "a Will" });
    return told.map((e) => e.event);
  });
  assert.deepEqual(story, ["open", "packet", "close", "missing", "close"]);
  await done(page);
});

test("a run that did happen shows what was broken", async (browser) => {
  const page = await open(browser, url("real", "index.html"));
  assert.match(await page.locator("h1").innerText(), /^It breaks \d statements? and keeps \d+\.$/);
  const line = page.locator("#failure-list .case").first();
  assert.match(await line.innerText(), /5\.0\/MQTT-3\.8\.3-4/);
  await line.locator(".ladder .offending").hover();
  assert.match(await page.locator("#hint").innerText(), /the offending packet/);
  const capture = await line.locator("a[href$='.pcap']").getAttribute("href");
  assert.ok(existsSync(inFolder("real", capture)), capture);
  assert.match(await line.locator(".command code").innerText(), /^mqttspec run --only 'subscribe_no_local_shared\/5\.0\/tcp' --transport tcp --fault no_local_on_shared_taken$/);
  await page.screenshot({ path: inFolder("real.png") });
  await done(page);
});

test("cases of one test stand behind one line", async (browser) => {
  const page = await open(browser, url("many", "index.html"));
  assert.equal(await page.locator("#failure-list > .case").count(), 1);
  assert.match(await page.locator("#failure-list > .family").innerText(), /rows are kept\s+250 failed/);
  await page.locator("#failure-list > .family > summary").click();
  await page.locator("#failure-list .members > .case").nth(249).waitFor({ state: "attached" });
  assert.equal(await page.locator("#failure-list .members > .case").count(), 250);
  await done(page);
});

test("a long list grows when asked to", async (browser) => {
  const page = await open(browser, url("many", "index.html"));
  assert.equal(await page.locator("#case-list > .case").count(), 60);
  assert.match(await page.locator("#count").innerText(), /^338 cases, 89 tests$/);
  await page.locator("#case-list .more button").click();
  assert.equal(await page.locator("#case-list > .case").count(), 89);
  assert.equal(await page.locator("#case-list .more").count(), 0);
  await done(page);
  const long = await open(browser, url("long.html"));
  await long.locator("#filters [name=view]").selectOption("cases");
  await long.locator("#filters [name=differences]").uncheck();
  assert.equal(await long.locator("#grid tbody tr:not(.group)").count(), 200);
  await long.locator("#grid .more button").click();
  assert.equal(await long.locator("#grid tbody tr:not(.group)").count(), 338);
  await done(long);
});

test("an address opens the case that it names", async (browser) => {
  const page = await open(browser, url("many", "index.html") + "#case=rows_are_kept[249]/5.0/tcp");
  assert.ok(await page.locator("#failure-list [data-name='rows_are_kept[249]/5.0/tcp']").evaluate((e) => e.open));
  await done(page);
  const other = await open(browser, url("one", "index.html") + "#case=connack_comes_first/5.0/ws");
  assert.ok(await other.locator("dialog[open] [data-name='connack_comes_first/5.0/ws']").evaluate((e) => e.open));
  await done(other);
});

test("filters leave what they name", async (browser) => {
  const page = await open(browser, url("one", "index.html"));
  const shown = () => page.locator("#case-list .case:visible").count();
  assert.equal(await shown(), 8);
  await page.locator("#filters [data-verdict=passed]").click();
  assert.equal(await shown(), 4);
  await page.locator("#filters [name=transport]").selectOption("ws");
  assert.equal(await shown(), 2);
  await page.locator("#filters [name=text]").fill("connack");
  assert.equal(await shown(), 1);
  assert.match(await page.locator("#count").innerText(), /^1 of 8 cases, 1 test$/);
  await page.locator(".hero .chip", { hasText: "skipped" }).click();
  assert.equal(await shown(), 1);
  assert.match(await page.locator("#case-list").innerText(), /the target has no users/);
  await page.locator("#filters [data-verdict=skipped]").click();
  for (const [name, value, n] of [["mqtt", "5.0", 8], ["section", "3.1 connect", 4], ["driver", "paho", 3], ["transport", "tcp", 2]]) {
    await page.locator(`#filters [name=${name}]`).selectOption(value);
    assert.equal(await shown(), n, name);
  }
  await page.locator("#timing-panels .reasons button").first().click();
  assert.equal(await shown(), 1);
  await done(page);
});

test("a square of the map opens its statement", async (browser) => {
  const page = await open(browser, url("one", "index.html"));
  const cells = page.locator(".cell");
  assert.ok(await cells.count() > 392);
  await page.locator(".cell[data-id='5.0/MQTT-3.1.2-8']").click();
  const dialog = page.locator("dialog[open]");
  assert.match(await dialog.innerText(), /5\.0\/MQTT-3\.1\.2-8/);
  assert.match(await dialog.innerText(), /will published on drop/);
  assert.match(await dialog.innerText(), /Faults that its tests catch|No fault proves its tests/);
  await page.screenshot({ path: inFolder("statement.png") });
  await dialog.locator(".case .link").first().click();
  await dialog.getByRole("button", { name: "Back" }).click();
  assert.match(await dialog.innerText(), /will published on drop/);
  await page.keyboard.press("Escape");
  assert.equal(await dialog.count(), 0);
  await done(page);
});

test("the keyboard walks through the map", async (browser) => {
  const page = await open(browser, url("one", "index.html"));
  await page.locator(".cell[tabindex='0']").first().focus();
  const first = await page.evaluate(() => document.activeElement.dataset.id);
  for (const key of ["ArrowRight", "ArrowDown", "End"]) {
    const before = await page.evaluate(() => document.activeElement.dataset.id);
    await page.keyboard.press(key);
    assert.notEqual(await page.evaluate(() => document.activeElement.dataset.id), before, key);
  }
  await page.keyboard.press("Home");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.id), first);
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("dialog[open]").count(), 1);
  await done(page);
});

test("light and dark follow the system, then the button", async (browser) => {
  const page = await open(browser, url("one", "index.html"), 1280, "dark");
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await theme(), "dark");
  await page.locator("#theme").click();
  assert.equal(await theme(), "light");
  await done(page);
});

test("every control has a name", async (browser) => {
  for (const file of [["one", "index.html"], ["compare.html"]]) {
    const page = await open(browser, url(...file));
    const nameless = await page.evaluate(() => [...document.querySelectorAll("button, input, select, a[href]")]
      .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.closest("label"))).map((e) => e.outerHTML.slice(0, 90)));
    assert.deepEqual(nameless, []);
    await done(page);
  }
});

for (const width of [400, 1280])
  for (const scheme of ["light", "dark"])
    test(`nothing sticks out at ${width} pixels, ${scheme}`, async (browser) => {
      for (const [name, file] of [["report", ["one", "index.html"]], ["compare", ["compare.html"]], ["history", ["history.html"]]]) {
        const page = await open(browser, url(...file), width, scheme);
        const size = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(size[0] <= size[1], `${name}: ${size[0]} wide in ${size[1]}`);
        await page.screenshot({ path: inFolder(`${name}-${width}-${scheme}.png`), fullPage: true });
        await done(page);
      }
    });

test("the comparison shows differences first, and the cases behind a cell", async (browser) => {
  const page = await open(browser, url("compare.html"));
  assert.match(await page.locator("h1").innerText(), /They differ in 2 statements/);
  assert.equal(await page.locator("#grid tbody tr:not(.group)").count(), 2);
  await page.locator("#filters [name=differences]").uncheck();
  assert.ok(await page.locator("#grid tbody tr:not(.group)").count() > 2);
  await page.locator("#filters [name=verdict]").selectOption("violated");
  await page.locator(".mark-cell.v-violated").first().click();
  const dialog = page.locator("dialog[open]");
  await dialog.locator(".case").first().waitFor();
  if (!(await dialog.locator(".case").first().evaluate((e) => e.open))) await dialog.locator(".case summary").first().click();
  await dialog.locator(".ladder svg").first().waitFor();
  await dialog.locator(".offending").first().hover();
  assert.ok(await page.locator("#hint").isVisible());
  await done(page);
});

test("the comparison lists cases too", async (browser) => {
  const page = await open(browser, url("compare.html"));
  await page.locator("#filters [name=view]").selectOption("cases");
  assert.match(await page.locator("#count").innerText(), /^2 of 8 cases$/);
  await page.locator("#filters [name=differences]").uncheck();
  assert.match(await page.locator("#count").innerText(), /^8 of 8 cases$/);
  await page.locator(".mark-cell.v-failed").first().click();
  await page.locator("dialog[open] .ladder svg").waitFor();
  assert.match(await page.locator("dialog[open]").innerText(), /In every run/);
  await done(page);
});

/* Everything that the page unpacks is what the reports of the runs say; cases
 * that failed alike share the packets of one of them. */
test("the comparison holds what the reports hold", async (browser) => {
  const page = await open(browser, url("compare.html"));
  const rows = await page.evaluate(() => DATA.cases.map((row) => RUNS.map((_, i) => {
    const test = caseIn(row, i);
    return { ...test, ...(test.evidence ? test.evidence() : {}) };
  })));
  const documents = ["one", "two"].map((name) => JSON.parse(readFileSync(inFolder(name, "conformance.json"), "utf8")));
  const bare = (list) => list?.map(({ time, who = "", from = "", event, text, type, octets, fields, offending = false }) => ({ time, who, from, event, text, type, octets, fields, offending }));
  for (const row of rows)
    row.forEach((test, i) => {
      const told = documents[i].cases.find((c) => c.name === test.name);
      for (const member of ["verdict", "statements", "requirement", "driver", ...(told.verdict === "passed" ? [] : ["expected", "actual", "reason", "rerun"])])
        assert.deepEqual(test[member], told[member], `${test.name}: ${member}`);
      if (told.capture) assert.match(test.capture, new RegExp(told.capture.replace(/.*\//, "") + "$"));
      if (told.transcript && told.verdict !== "passed") {
        const from = documents[i].cases.find((c) => c.name === test.packets_of);
        assert.deepEqual([from.test, from.expected], [told.test, told.expected]);
        assert.deepEqual(bare(test.transcript), bare(from.transcript));
      }
    });
  await done(page);
});

test("the history says what changed", async (browser) => {
  const page = await open(browser, url("history.html"));
  assert.match(await page.locator("#changes").innerText(), /0 newly failed, 1 no longer fail, 0 otherwise changed/);
  assert.match(await page.locator("#changes").innerText(), /will_published_on_drop\/5\.0\/tcp\s+failed\s*→\s*passed/);
  await page.locator("#changes .change button").click();
  assert.match(await page.locator("dialog[open]").innerText(), /In every run\s+1\.0.*\s+failed\s+1\.1.*\s+passed/);
  await done(page);
});

test("on paper the evidence is open", async (browser) => {
  const page = await open(browser, url("one", "index.html"));
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  assert.equal(await page.locator("#failure-list .ladder svg").count(), 1);
  await page.emulateMedia({ media: "print" });
  assert.match(await page.locator("#failure-list .plain pre").innerText(), /< PUBLISH "status\/pump" retain=1 "<b>gone<\/b>" {3}<<</);
  assert.ok(!(await page.locator("#filters").isVisible()));
  await done(page);
});

test("the JSON follows its published schema", async () => {
  const validate = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(readFileSync(path.join(root, "reports/conformance.schema.json"), "utf8")));
  const reports = [inFolder("one/conformance.json"), path.join(root, "reports/latest/conformance.json")].filter((f) => existsSync(f));
  for (const file of reports) {
    const document = JSON.parse(readFileSync(file, "utf8"));
    assert.ok(validate(document), file + ": " + JSON.stringify(validate.errors?.slice(0, 5)));
    delete document.cases[0].verdict;
    assert.ok(!validate(document), "a case without a verdict must not pass");
  }
});

makePages();
await runAll();
