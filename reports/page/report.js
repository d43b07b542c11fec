/* SPDX-License-Identifier: Apache-2.0 */
/* report.js -- the page of one run. */

const CASES = new Map(DATA.cases.map((c) => [c.name, c]));
const STATEMENTS = new Map(DATA.statements.map((s) => [s.id, s]));
const STATES = ["violated", "verified", "skipped", "untested", "client", "unobservable"];
const STATE_WORDS = {
  violated: "a case shows that the broker breaks it", verified: "a case shows that the broker keeps it",
  skipped: "its cases were skipped or came to no conclusion", untested: "no case looked at it in this run",
  client: "it binds clients, not the broker", unobservable: "a tester on the wire cannot see it",
};
const CATALOGUES = [["5.0", "MQTT 5.0"], ["3.1.1", "MQTT 3.1.1"], ["3.1", "MQTT 3.1"], ["artemis", "Artemis manual"], ["robustness", "Robustness"]];
const isNumbered = (s) => s.id.includes("/MQTT-");
const catalogueOf = (s) => s.id.slice(0, s.id.indexOf("/"));
const isBad = (c) => c.verdict === "failed" || c.verdict === "error" || c.unexpected_pass;

function tally(items, key) {
  const counts = {};
  for (const item of items) counts[item[key]] = (counts[item[key]] || 0) + 1;
  return counts;
}

/* ---- the verdict ---------------------------------------------------------- */

function headline() {
  const broken = DATA.statements.filter((s) => s.verdict === "violated").length;
  const kept = DATA.statements.filter((s) => s.verdict === "verified").length;
  const errors = DATA.summary.errors || 0;
  if (broken) return ["It breaks ", h("em", { class: "bad" }, count(broken, "statement", "statements")), ` and keeps ${kept}.`];
  if (DATA.summary.failed) return [h("em", { class: "bad" }, count(DATA.summary.failed, "case", "cases") + " failed"), "."];
  if (errors) return [h("em", { class: "bad" }, "No verdict: "), count(errors, "case", "cases") + " ended in an error of the harness."];
  if (!kept) return ["Nothing was shown: no case came to a conclusion."];
  return ["It keeps ", h("em", { class: "good" }, `all ${kept} statements`), " that were tested."];
}

function drawHero() {
  const target = DATA.target, counts = tally(DATA.cases, "verdict");
  document.title = `${target.name} ${target.version || ""}: MQTT conformance`;
  const known = DATA.summary.known_failures;
  $("hero").append(
    h("p", { class: "target" }, `${target.name} ${target.version || ""} · ${count(DATA.cases.length, "case", "cases")} in ${seconds(DATA.seconds || 0)} · ${(DATA.started || "").replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")}`),
    h("h1", {}, headline()),
    stack(counts, ["passed", "skipped", "inconclusive", "warning", "error", "failed"]),
    h("div", { class: "chips", role: "group", "aria-label": "Show the cases that ended so" }, VERDICTS.filter((v) => counts[v]).map((v) =>
      h("button", { type: "button", class: "chip", onclick: () => showOnly(v) },
        h("span", { class: "dot v-" + v }), h("span", {}, h("b", {}, String(counts[v])), " " + (counts[v] === 1 ? v : PLURALS[v]))))));
  const bad = DATA.cases.filter(isBad);
  $("failures-note").textContent = (bad.length ? `${count(bad.length, "case", "cases")} of ${count(familiesOf(bad).length, "test", "tests")}` : "") +
    (known ? `, ${known} of them known for this version` : "");
  $("footer").textContent = ["mqttspec", DATA.schema, target.url].filter(Boolean).join(" · ");
}

/* ---- what failed ---------------------------------------------------------- */

function drawFailures() {
  const bad = DATA.cases.filter(isBad).sort((a, b) => !!a.known - !!b.known);
  const list = $("failure-list");
  list.append(...familyLines(bad, openStatement));
  if (!bad.length) list.append(h("p", { class: "empty" }, "No case failed."));
  else if (list.children.length <= 3) unfoldFirst(list.firstChild);
}

/* ---- the map -------------------------------------------------------------- */

/* A statement's row of the map: the section's first two numbers, titled by the
 * name that the standard gives to it. */
const CHAPTERS = {
  "1": "Data representation", "2": "Packet format", "3.1": "CONNECT", "3.2": "CONNACK", "3.3": "PUBLISH", "3.4": "PUBACK", "3.5": "PUBREC",
  "3.6": "PUBREL", "3.7": "PUBCOMP", "3.8": "SUBSCRIBE", "3.9": "SUBACK", "3.10": "UNSUBSCRIBE", "3.11": "UNSUBACK", "3.12": "PINGREQ",
  "3.13": "PINGRESP", "3.14": "DISCONNECT", "3.15": "AUTH", "4": "Operational behaviour", "4.1": "Session state", "4.2": "Connections",
  "4.3": "Quality of service", "4.4": "Delivery retry", "4.5": "Message receipt", "4.6": "Message ordering", "4.7": "Topics", "4.8": "Subscriptions",
  "4.9": "Flow control", "4.12": "Authentication", "4.13": "Errors", "6": "WebSocket", "7": "Conformance",
};

function chapterOf(statement) {
  const numbers = statement.section.split(".");
  return ["3", "4"].includes(numbers[0]) ? numbers.slice(0, 2).join(".") : numbers[0];
}

function chapterTitle(chapter, catalogue, first) {
  if (catalogue === "3.1.1" && chapter === "4.8") return "Errors";
  return ["3.1.1", "5.0"].includes(catalogue) && CHAPTERS[chapter] || first.title || "";
}

function cell(statement) {
  return h("button", {
    type: "button", class: "cell v-" + statement.verdict, tabindex: -1, "data-id": statement.id, title: statement.id,
    "aria-label": `${statement.id}, ${statement.verdict}: ${statement.summary}`, onclick: () => openStatement(statement.id),
  });
}

function mapPanel(catalogue, title) {
  const own = DATA.statements.filter((s) => catalogueOf(s) === catalogue);
  if (!own.length) return null;
  const chapters = new Map();
  for (const s of own) {
    const chapter = chapterOf(s);
    if (!chapters.has(chapter)) chapters.set(chapter, []);
    chapters.get(chapter).push(s);
  }
  const counts = tally(own, "verdict");
  const panel = h("div", { class: "card map", role: "group", "aria-label": title },
    h("h3", {}, title, h("span", {}, `${counts.verified || 0} verified, ${counts.violated || 0} violated of ${own.length}`)));
  for (const chapter of [...chapters.keys()].sort(compareSections)) {
    const all = chapters.get(chapter);
    panel.append(h("div", { class: "row" }, h("span", {}, h("b", {}, chapter), chapterTitle(chapter, catalogue, all[0])),
      h("div", { class: "cells" }, all.map(cell))));
  }
  const cells = [...panel.querySelectorAll(".cell")];
  cells[0].tabIndex = 0;
  panel.addEventListener("keydown", (event) => moveInMap(event, cells));
  return panel;
}

/* One tab stop per map; the arrow keys move inside it. */
function moveInMap(event, cells) {
  const at = cells.indexOf(document.activeElement);
  const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -at, End: cells.length - 1 - at };
  let to = at + (steps[event.key] ?? NaN);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const box = cells[at].getBoundingClientRect(), way = event.key === "ArrowDown" ? 1 : -1;
    const rows = cells.filter((c) => (c.getBoundingClientRect().top - box.top) * way > 4);
    if (way < 0) rows.reverse();
    const line = rows.length ? rows[0].getBoundingClientRect().top : 0;
    const near = rows.filter((c) => Math.abs(c.getBoundingClientRect().top - line) < 4)
      .sort((a, b) => Math.abs(a.getBoundingClientRect().left - box.left) - Math.abs(b.getBoundingClientRect().left - box.left));
    to = near.length ? cells.indexOf(near[0]) : NaN;
  }
  if (at < 0 || !(to >= 0 && to < cells.length)) return;
  event.preventDefault();
  cells[at].tabIndex = -1;
  cells[to].tabIndex = 0;
  cells[to].focus();
}

function drawMap() {
  const counts = tally(DATA.statements, "verdict");
  let shown = "";
  const buttons = STATES.filter((s) => counts[s]).map((state) => h("button", {
    type: "button", class: "chip", "aria-pressed": "false", title: STATE_WORDS[state],
    onclick: () => {
      shown = shown === state ? "" : state;
      buttons.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.state === shown)));
      document.querySelectorAll(".cell").forEach((c) => c.classList.toggle("is-dim", shown !== "" && !c.classList.contains("v-" + shown)));
    }, "data-state": state,
  }, h("span", { class: "key v-" + state }), h("span", {}, h("b", {}, String(counts[state])), " " + state)));
  $("legend").append(...buttons);
  /* Two columns of about the same height. */
  const columns = [0, 1].map(() => ({ rows: 0, panels: [] }));
  const panels = CATALOGUES.map(([id, title]) => mapPanel(id, title)).filter(Boolean).map((panel) => ({ panel, rows: 3 + panel.querySelectorAll(".row").length }));
  for (const { panel, rows } of panels.sort((a, b) => b.rows - a.rows)) {
    const column = columns[0].rows <= columns[1].rows ? columns[0] : columns[1];
    column.rows += rows;
    column.panels.push(panel);
  }
  $("maps").append(...columns.filter((c) => c.rows).map((c) => h("div", { class: "column" }, c.panels)));
}

function openStatement(id) {
  const s = STATEMENTS.get(id);
  if (!s) return;
  const lines = s.cases.map((name) => CASES.get(name)).filter(Boolean);
  const facts = h("dl", { class: "facts" });
  fact(facts, "section", `${s.section} ${s.title || ""}`);
  fact(facts, "binds", { server: "the server", client: "the client", both: "client and server" }[s.role] + (s.level ? ` (${s.level})` : ""));
  fact(facts, "seen by", s.observable);
  fact(facts, "because", s.reason);
  fact(facts, "verdict", STATE_WORDS[s.verdict]);
  const dialog = openSheet(true, s.id,
    h("p", { class: "asks" }, s.summary), verdictTag(s.verdict), facts,
    h("h3", {}, lines.length ? count(lines.length, "case", "cases") : "No case in this run"));
  const sheet = dialog.firstChild;
  if (lines.length) putCases(sheet, lines);
  sheet.append(h("h3", {}, s.faults && s.faults.length ? "Faults that its tests catch" : "No fault proves its tests"),
    s.no_fault ? h("p", {}, s.no_fault) : h("div", { class: "links" }, (s.faults || []).map((f) => h("span", { class: "tag" }, f))));
}

/* ---- every case ----------------------------------------------------------- */

const chosen = { verdicts: new Set(), text: "", mqtt: "", section: "", transport: "", driver: "" };

function isChosen(c) {
  const text = chosen.text.toLowerCase();
  return (!chosen.verdicts.size || chosen.verdicts.has(c.verdict)) && (!chosen.mqtt || c.mqtt === chosen.mqtt) &&
    (!chosen.transport || c.transport === chosen.transport) && (!chosen.driver || c.driver === chosen.driver) &&
    (!chosen.section || sectionOf(c.file) === chosen.section) &&
    (!text || [c.name, ...c.statements, c.requirement, c.reason].join(" ").toLowerCase().includes(text));
}

/* Leaves the cases of one verdict in the list, or those that hold a text, and goes there. */
function showOnly(verdict, text = "") {
  const form = $("filters");
  form.querySelectorAll("[data-verdict]").forEach((button) => {
    if ((button.dataset.verdict === verdict) !== (button.getAttribute("aria-pressed") === "true")) button.click();
  });
  for (const field of form.elements) {
    if (!field.name) continue;
    field.value = field.name === "text" ? text : "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  $("all").scrollIntoView();
  form.elements.text.focus({ preventScroll: true });
}

function drawFilters() {
  const values = (f) => [...new Set(DATA.cases.map(f))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const counts = tally(DATA.cases, "verdict");
  const form = $("filters");
  const apply = () => {
    const cases = DATA.cases.filter(isChosen), families = familiesOf(cases);
    showCases(families);
    $("count").textContent = (cases.length === DATA.cases.length ? "" : `${cases.length} of `) +
      `${count(DATA.cases.length, "case", "cases")}, ${count(families.length, "test", "tests")}`;
  };
  form.append(
    h("input", { type: "search", name: "text", placeholder: "Name, statement, words", "aria-label": "Search cases" }),
    choice("Version", "mqtt", values((c) => c.mqtt), "every version"), choice("Section", "section", values((c) => sectionOf(c.file)), "every section"),
    choice("Transport", "transport", values((c) => c.transport), "every transport"), choice("Driver", "driver", values((c) => c.driver), "every driver"),
    h("div", { class: "chips", role: "group", "aria-label": "Verdict" }, VERDICTS.filter((v) => counts[v]).map((v) => {
      const button = h("button", { type: "button", class: "chip", "aria-pressed": "false", "data-verdict": v },
        h("span", { class: "dot v-" + v }), v, h("b", {}, String(counts[v])));
      button.addEventListener("click", () => {
        if (!chosen.verdicts.delete(v)) chosen.verdicts.add(v);
        button.setAttribute("aria-pressed", String(chosen.verdicts.has(v)));
        apply();
      });
      return button;
    })));
  form.addEventListener("input", (event) => { chosen[event.target.name] = event.target.value; apply(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}

/* Thousands of lines are made only when somebody wants to see them. */
const LINES_AT_ONCE = 60;

function showCases(families, from = 0) {
  const list = $("case-list"), to = Math.min(families.length, from + LINES_AT_ONCE), left = families.length - to;
  const showMore = () => { const at = list.children.length - 1; more.remove(); showCases(families, to); list.children[at].querySelector("summary").focus(); };
  const more = left ? h("p", { class: "more" }, h("button", { type: "button", class: "small", onclick: showMore }, `Show ${Math.min(LINES_AT_ONCE, left)} more of ${count(left, "test", "tests")}`)) : "";
  if (from === 0) list.replaceChildren();
  list.append(...familyLines(families.slice(from, to).flat(), openStatement), more);
}

/* Each reason for leaving cases out, once. */
function skippedPanel() {
  const reasons = new Map();
  for (const { verdict, reason } of DATA.cases.filter((c) => c.verdict === "skipped" || c.verdict === "inconclusive")) {
    const key = verdict + " " + reason;
    reasons.set(key, { verdict, reason, n: (reasons.get(key)?.n || 0) + 1 });
  }
  if (!reasons.size) return null;
  return h("div", { class: "card panel" }, h("h3", {}, "What came to no conclusion, and why"),
    h("ul", { class: "reasons" }, [...reasons.values()].sort((a, b) => b.n - a.n).map(({ verdict, reason, n }) => h("li", {}, h("b", {}, String(n)),
      h("button", { type: "button", class: "plainlink", onclick: () => showOnly(verdict, reason) }, (verdict === "inconclusive" ? "inconclusive: " : "") + (reason || "no reason given"))))));
}

/* ---- timings and target --------------------------------------------------- */

/* What the target was started with, or can do: the defaults have no text. */
const listed = (values) => h("ul", { class: "links" }, values.map((v) => h("li", { class: "tag" }, typeof v === "object" ? JSON.stringify(v) : v || "defaults")));

function drawTimings() {
  const slowest = [...DATA.cases].sort((a, b) => b.seconds - a.seconds).slice(0, 15);
  const most = slowest.length ? slowest[0].seconds || 1e-9 : 1;
  const steps = [["< 1 ms", 0.001], ["< 5", 0.005], ["< 20", 0.02], ["< 100", 0.1], ["< 500", 0.5], ["< 2 s", 2], ["< 10", 10], ["more", Infinity]];
  const amounts = steps.map(([, limit], i) => DATA.cases.filter((c) => c.seconds < limit && (!i || c.seconds >= steps[i - 1][1])).length);
  const top = Math.max(1, ...amounts);
  const facts = h("dl", { class: "facts" });
  const put = (name, value) => value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.entries(value).forEach(([k, v]) => put(name ? name + " " + k : k, v))
    : value !== "" && fact(facts, name.replaceAll("_", " "), Array.isArray(value) ? listed(value) : String(value));
  put("", DATA.target);
  put("side by side", DATA.jobs || 1);
  if (DATA.shard) put("shard", DATA.shard);
  $("timing-panels").append(
    h("div", { class: "card panel" }, h("h3", {}, "How long cases take"),
      h("div", { class: "columns", role: "img", "aria-label": steps.map(([l], i) => `${l}: ${amounts[i]}`).join(", ") },
        amounts.map((n, i) => h("div", {}, n ? String(n) : "", h("i", { style: `height: ${n / top * 82}px` }), h("small", {}, steps[i][0])))),
      h("h3", { style: "margin-top: 22px" }, "Slowest"),
      h("div", { class: "bars" }, slowest.map((c) => [
        h("button", { type: "button", class: "plainlink", title: c.name, onclick: () => openCase(c) }, titleOf(c) + " · " + c.mqtt + " " + c.transport), h("i", { style: `width: ${Math.max(2, c.seconds / most * 100)}%` }), h("span", { class: "t" }, seconds(c.seconds))]))),
    h("div", { style: "display: grid; gap: 18px" }, [h("div", { class: "card panel" }, h("h3", {}, "Target"), facts), skippedPanel()].filter(Boolean)));
}

drawHero();
drawFailures();
drawMap();
drawFilters();
drawTimings();

/* Shows a case where it stands among the failures, or beside the page. */
function openCase(test) {
  const lines = [...document.querySelectorAll("#failure-list > .case")];
  const found = lines.find((l) => l.dataset.name === test.name || l.dataset.names?.split("\n").includes(test.name));
  if (!found) {
    putCases(openSheet(true, titleOf(test)).firstChild, [test]);
    $("dialog").querySelectorAll(".case").forEach(unfold);
    return;
  }
  unfold(found);
  const line = found.dataset.name ? found : [...found.querySelectorAll(".case")].find((l) => l.dataset.name === test.name);
  unfold(line).scrollIntoView({ block: "start" });
  line.querySelector("summary").focus({ preventScroll: true });
}

/* index.html#case=NAME and #statement=ID open what they name. */
function openHash() {
  const [kind, value] = decodeURIComponent(location.hash.slice(1)).split(/=(.*)/s);
  if (kind === "statement") openStatement(value);
  if (kind !== "case") return;
  if (CASES.has(value)) openCase(CASES.get(value));
}
addEventListener("hashchange", openHash);
openHash();
