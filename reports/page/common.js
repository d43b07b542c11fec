/* SPDX-License-Identifier: Apache-2.0 */
/* common.js -- what both pages need: elements, theme, case details, the ladder.
 *
 * No text of a report ever becomes markup: elements are made one by one and
 * filled through textContent.
 */
"use strict";

const $ = (id) => document.getElementById(id);
const DATA = JSON.parse($("data").textContent);
const VERDICTS = ["failed", "error", "warning", "inconclusive", "skipped", "passed"];
const PLURALS = { failed: "failed", error: "errors", warning: "warnings", inconclusive: "inconclusive", skipped: "skipped", passed: "passed" };

/* Makes an element: h("a", {href: "#x", class: "y", onclick: f}, "text", child, [children]). */
function h(tag, attributes, ...children) {
  const element = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(3))
    if (child !== null && child !== undefined && child !== "")
      element.append(child);
  return element;
}

const seconds = (s) => s < 0.0005 ? "< 1 ms" : s >= 10 ? s.toFixed(1) + " s" : s >= 1 ? s.toFixed(2) + " s" : (s * 1000).toFixed(0) + " ms";
const count = (n, one, many) => n + " " + (n === 1 ? one : many);

/* "will_published[late]/5.0/tcp" to "will published [late]": a row of a table is part of the case. */
const titleOf = (test) => test.name.split("/")[0].replaceAll("_", " ").replace("[", " [");

/* "conformance/tests/3_1_connect.c" to "3.1 connect". */
function sectionOf(file) {
  const name = file.replace(/^.*\//, "").replace(/\.c$/, "");
  const numbers = /^\d+(_\d+)*/.exec(name);
  return numbers ? numbers[0].replaceAll("_", ".") + name.slice(numbers[0].length).replaceAll("_", " ") : name.replaceAll("_", " ");
}

function compareSections(a, b) {
  const x = a.split("."), y = b.split(".");
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    if (x[i] === undefined) return -1;
    if (y[i] === undefined) return 1;
    const order = Number(x[i]) - Number(y[i]) || 0;
    if (order) return order;
    if (isNaN(Number(x[i])) && x[i] !== y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return 0;
}

/* ---- light and dark ------------------------------------------------------ */

(function theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("mqttspec-theme"); } catch (e) { /* a page from a file may have no storage */ }
  const apply = () => { document.documentElement.dataset.theme = chosen || (dark.matches ? "dark" : "light"); };
  apply();
  dark.addEventListener("change", apply);
  /* Paper is white. */
  addEventListener("beforeprint", () => { document.documentElement.dataset.theme = "light"; });
  addEventListener("afterprint", apply);
  $("theme").addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("mqttspec-theme", chosen); } catch (e) { /* then it lasts for this visit */ }
    apply();
  });
})();

/* ---- the hint beside a packet -------------------------------------------- */

const hint = h("div", { class: "hint", hidden: true, role: "tooltip", id: "hint" });
document.body.append(hint);

function showHint(entry, anchor) {
  const rows = Object.entries(entry.fields || {}).map(([name, value]) =>
    h("tr", {}, h("td", {}, name), h("td", {}, typeof value === "object" ? JSON.stringify(value) : String(value))));
  hint.replaceChildren(
    h("h4", {}, entry.type || entry.event || "", entry.offending && entry.event !== "missing" ? " — the offending packet" : ""),
    h("div", { class: "soft" }, entry.event === "missing" ? "what should have come, and did not" : "at " + clockOf(entry.time) + ", " + (entry.from === "broker" ? "broker to " : "from ") + (entry.who || "client")),
    rows.length ? h("table", {}, h("tbody", {}, rows)) : h("div", {}, entry.text || ""),
    entry.hex ? h("pre", {}, entry.hex) : null);
  hint.hidden = false;
  const box = anchor.getBoundingClientRect(), own = hint.getBoundingClientRect();
  const below = box.bottom + own.height + 12 < innerHeight;
  hint.style.left = Math.max(12, Math.min(innerWidth - own.width - 12, box.left + box.width / 2 - own.width / 2)) + "px";
  hint.style.top = Math.max(8, below ? box.bottom + 6 : box.top - own.height - 6) + "px";
  /* An open dialog lies above all else: the hint has to lie in it. */
  const layer = anchor.closest("dialog") || document.body;
  if (hint.parentNode !== layer) layer.append(hint);
}

function hideHint() { hint.hidden = true; }
addEventListener("scroll", hideHint, { passive: true, capture: true });

/* ---- the ladder ---------------------------------------------------------- */

/* "5.0/MQTT-3.1.0-2: A repeated CONNECT ..." without the id, which stands beside it. */
const requirementOf = (test) => (test.requirement || "").replace(/^[0-9a-z.]+\/[A-Za-z0-9.-]+: /, "");

/* Seconds since the case began, as a reader wants them. */
const clockOf = (s) => s === null ? "" : s < 1 ? (s * 1000).toFixed(2) + " ms" : s.toFixed(2) + " s";

/* A packet's line in few words: names that every reader supplies are left out. */
function labelOf(text) {
  return text.replace(/Protocol Name "\w*" Protocol Version (\d) /, "v$1 ").replace(/Client Identifier /, "").replace(/Topic Name /, "").replace(/Packet Identifier /, "id ")
    .replace(/Topic Filter /g, "").replace(/(Connect Return|Return|Reason) [Cc]ode (0x[0-9A-F]+) \(([^)]*)\)/g, "$2 $3").replace(/Payload /, "").replace(/Maximum QoS /g, "QoS ");
}

/* Entries as the ladder wants them, whatever a report leaves out. */
function entriesOf(transcript) {
  return transcript.map((e) => ({ ...e, time: e.time || 0, event: e.event || (e.type ? "packet" : "note"), hex: (e.octets || "").replace(/\s/g, "").replace(/(..)/g, "$1 ").trim() }));
}

/* A transcript of thousands is no picture: its beginning, and what led to the
 * offending packet or the end, tell the story. */
function storyOf(entries) {
  const most = 260, start = 40;
  if (entries.length <= most) return entries;
  const found = entries.findIndex((e) => e.offending), end = Math.min(entries.length, (found < 0 ? entries.length : found) + 20);
  const from = Math.max(start, end - (most - start));
  const left = from - start, after = entries.length - end;
  const note = (e, n) => n ? [{ time: e.time, who: "", from: "", event: "note", text: `${n} more, see the capture` }] : [];
  return [...entries.slice(0, start), ...note(entries[start], left), ...entries.slice(from, end), ...note(entries[entries.length - 1], after)];
}

/* Where no packet is to blame, what did not come is: it gets a rung of its own. */
function withMissing(entries, test) {
  if (test.verdict !== "failed" || !test.expected || entries.some((e) => e.offending)) return entries;
  const last = [...entries].reverse().findIndex((e) => e.event !== "close");
  const at = last < 0 ? entries.length : entries.length - last;
  const missing = { time: null, who: "", from: "", event: "missing", text: `expected: ${test.expected}`, offending: true, fields: { expected: test.expected, actual: test.actual || "" } };
  return [...entries.slice(0, at), missing, ...entries.slice(at)];
}

/* Clients stand left and right of the broker, so that arrows seldom cross. */
function participants(transcript) {
  const clients = [...new Set(transcript.map((e) => e.who).filter((w) => w && w !== "broker"))];
  const left = Math.ceil(clients.length / 2);
  return [...clients.slice(0, left), null, ...clients.slice(left)];
}

function shorten(text, width) {
  const most = Math.max(6, Math.floor(width / 6.7));
  return text.length > most ? text.slice(0, most - 1) + "…" : text;
}

function ladder(transcript, room) {
  const columns = participants(transcript);
  const isNarrow = room < 520, clock = isNarrow ? 50 : 66, side = isNarrow ? 46 : 78, head = 44, step = 34;
  const least = isNarrow ? (columns.length > 2 ? 190 : 180) : columns.length > 2 ? 200 : 230;
  const gap = columns.length < 2 ? 0 : Math.max(least, Math.min(columns.length > 2 ? 460 : 980, (room - 2 - clock - 2 * side) / (columns.length - 1)));
  const width = clock + 2 * side + gap * (columns.length - 1);
  const height = head + transcript.length * step + 22;
  const x = (who) => clock + side + gap * Math.max(0, columns.indexOf(who === "broker" || !who ? null : who));
  const svg = h("svg:svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "list", "aria-label": "Packets in the order in which they were seen" });
  for (const who of columns) {
    const name = who === null ? "broker" : who;
    svg.append(h("svg:g", { class: who === null ? "is-broker" : "", role: "presentation" },
      h("svg:line", { class: "life", x1: x(who), x2: x(who), y1: head - 6, y2: height - 10 }),
      h("svg:rect", { class: "headbox", x: x(who) - side + 8, y: 8, width: 2 * side - 16, height: 26, rx: 8 }),
      h("svg:text", { class: "head", x: x(who), y: 26, "text-anchor": "middle" }, shorten(name, 2 * side - 24))));
  }
  transcript.forEach((entry, i) => svg.append(rung(entry, head + i * step, { x, gap, width, clock, step })));
  return svg;
}

/* One packet or event of the ladder. */
function rung(entry, top, space) {
  const { x, gap, width, clock, step } = space;
  const y = top + step - 10;
  const from = entry.from === "broker" ? x(null) : x(entry.who), to = entry.from === "broker" ? x(entry.who) : x(null);
  const isPacket = entry.event === "packet" && from !== to;
  const group = h("svg:g", {
    class: "step" + (entry.from === "broker" ? " from-broker" : "") + (entry.offending ? " offending" : ""),
    tabindex: 0, role: "listitem", "aria-describedby": "hint",
    "aria-label": `${entry.time === null ? "" : clockOf(entry.time) + ", "}${entry.who || ""} ${entry.from === "broker" ? "receives" : "sends"} ${entry.text || entry.type || ""}${entry.event === "missing" ? ", and it did not come" : entry.offending ? ", the offending packet" : ""}`,
  }, h("svg:rect", { class: "band", x: 4, y: top + 1, width: width - 8, height: step - 2, rx: 6 }),
    h("svg:text", { class: "clock", x: clock + 2, y: y + 3, "text-anchor": "end" }, clock < 60 ? clockOf(entry.time).replace(/(\.\d)\d/, "$1") : clockOf(entry.time)));
  const text = labelOf(entry.text || entry.type || entry.event);
  if (entry.event === "missing") {
    group.append(h("svg:text", { x: (clock + width) / 2, y: y, "text-anchor": "middle" }, h("svg:tspan", { class: "type" }, "missing: "), shorten(entry.text.slice(10), width - clock - 130)));
  } else if (isPacket) {
    const way = to > from ? 1 : -1;
    /* A client two columns away has more room for its words. */
    const span = Math.abs(to - from), rest = entry.type && text.startsWith(entry.type) ? text.slice(entry.type.length) : " " + text;
    const shown = shorten((entry.type || "") + rest, span - 30);
    const type = entry.type && shown.startsWith(entry.type) ? entry.type : "";
    group.append(
      h("svg:line", { class: "arrow", x1: from + way * 3, x2: to - way * 9, y1: y, y2: y }),
      h("svg:path", { class: "tip", d: `M ${to - way * 2} ${y} l ${-way * 9} -4.5 v 9 z` }),
      h("svg:text", { x: (from + to) / 2, y: y - 6, "text-anchor": "middle" }, h("svg:tspan", { class: "type" }, type), shown.slice(type.length)));
    if (entry.offending) group.append(h("svg:text", { class: "mark", x: to > from ? to + 8 : to - 8, y: y + 4, "text-anchor": to > from ? "start" : "end" }, "✖"));
  } else {
    const at = entry.event === "close" && entry.from === "broker" ? x(entry.who) : x(entry.who || null);
    const onRight = at < width - clock - gap / 2;
    group.append(
      entry.event === "close"
        ? h("svg:path", { class: "stop", d: `M ${at - 6} ${y - 8} l 12 12 m 0 -12 l -12 12` })
        : h("svg:circle", { class: "stop", cx: at, cy: y - 2, r: 4.5 }),
      h("svg:text", { class: "note", x: onRight ? at + 14 : at - 14, y: y + 2, "text-anchor": onRight ? "start" : "end" },
        shorten(entry.event === "close" && entry.from === "broker" ? "broker " + text : text, (gap || 260) - 24)));
  }
  group.addEventListener("mouseenter", () => showHint(entry, group));
  group.addEventListener("mouseleave", hideHint);
  group.addEventListener("focus", () => showHint(entry, group));
  group.addEventListener("blur", hideHint);
  return group;
}

function transcriptText(transcript) {
  return transcript.map((e) => `${e.time.toFixed(4).padStart(9)} ${(e.who || "").padEnd(12)} ${e.from === "client" ? ">" : e.from === "broker" ? "<" : "-"} ${e.text || e.type || e.event}${e.offending ? "   <<<" : ""}`).join("\n");
}

/* ---- the details of a case ------------------------------------------------ */

function copyButton(text) {
  const button = h("button", { type: "button", class: "small" }, "Copy");
  button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch (e) { button.textContent = "Select and copy"; }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
  return button;
}

function fact(list, title, value, style) {
  if (value) list.append(h("dt", {}, title), h("dd", { class: style || null }, value));
}

/* Fills `place` with what a report knows of a case. `onStatement` opens one. */
function caseBody(place, summary, onStatement) {
  const test = summary.evidence ? { ...summary, ...summary.evidence() } : summary;
  const facts = h("dl", { class: "facts" });
  fact(facts, "requirement", requirementOf(test));
  fact(facts, "expected", test.expected, "is-expected");
  fact(facts, "actual", test.actual, "is-actual");
  fact(facts, "reason", test.reason);
  fact(facts, "known", test.known);
  fact(facts, "ended by", test.ended_by === "test" ? "" : test.ended_by);
  const ids = [...new Set([...(test.violated || []), ...(test.statements || [])])];
  if (ids.length)
    facts.append(h("dt", {}, "statements"), h("dd", { class: "links" }, ids.map((id) =>
      h("button", { type: "button", class: "link", onclick: () => onStatement(id) }, id))));
  if (test.capture)
    facts.append(h("dt", {}, "packets"), h("dd", {}, h("a", { href: test.capture, download: true }, test.capture), h("span", { class: "soft" }, " for Wireshark")));
  if (test.file)
    fact(facts, "test", test.at || test.file + (test.line ? ":" + test.line : ""));
  place.append(facts);
  if (test.rerun)
    place.append(h("div", { class: "command" }, h("code", {}, test.rerun), copyButton(test.rerun)));
  if (test.transcript && test.transcript.length) {
    const entries = entriesOf(test.transcript), frame = h("div", { class: "ladder" });
    if (test.packets_of && test.packets_of !== test.name)
      place.append(h("p", { class: "soft" }, "The packets of ", h("span", { class: "mono" }, test.packets_of), ", which failed alike:"));
    place.append(frame, h("details", { class: "plain" }, h("summary", {}, "The same as text"), h("pre", {}, transcriptText(entries))));
    const story = withMissing(storyOf(entries), test);
    frame.append(ladder(story, frame.clientWidth || 700));
    /* A long ladder opens where the offending packet is. */
    frame.scrollTop = Math.max(0, story.findIndex((e) => e.offending) * 34 - 300);
  }
}

function verdictTag(verdict) {
  return h("span", { class: "tag v v-" + (verdict || "none") }, verdict || "not run");
}

const isBadLine = (test) => test.verdict !== "passed" && test.verdict !== "skipped" || test.unexpected_pass;

/* A case as a line that opens; its body is made when it is first opened. */
function caseLine(test, onStatement) {
  const body = h("div", { class: "body" });
  const line = h("details", { class: "case", "data-name": test.name },
    h("summary", {},
      h("span", { class: "dot v-" + test.verdict, "aria-hidden": "true" }),
      h("span", { class: "name" }, titleOf(test)),
      h("span", { class: "meta" },
        verdictTag(test.verdict), test.known && test.verdict === "failed" ? h("span", { class: "tag" }, "known") : null,
        test.unexpected_pass ? h("span", { class: "tag" }, "unexpected pass") : null,
        h("span", { class: "tag" }, test.mqtt), h("span", { class: "tag" }, test.transport), h("span", { class: "tag" }, test.driver),
        test.seconds === undefined ? null : h("span", { class: "time" }, seconds(test.seconds))),
      h("span", { class: "ids" }, h("span", { class: "mono" }, (test.violated?.length ? test.violated : test.statements || []).join("  ")), isBadLine(test) ? " " + (requirementOf(test) || test.reason || "") : "")),
    body);
  line.addEventListener("toggle", () => {
    if (line.open && !body.hasChildNodes()) caseBody(body, test, onStatement);
  });
  return line;
}

/* The name that cases of one test share, and what tells them apart. */
const familyOf = (test) => test.test || test.name.split("[")[0].split("/")[0];

/* Cases that failed, a test with several of them as one line that opens. */
function familyLines(tests, onStatement) {
  const families = new Map();
  for (const test of tests) families.set(familyOf(test), [...(families.get(familyOf(test)) || []), test]);
  return [...families.values()].map((all) => all.length === 1 ? caseLine(all[0], onStatement) : familyLine(all, onStatement));
}

function familyLine(tests, onStatement) {
  const each = (member) => [...new Set(tests.map((t) => t[member]))].sort();
  const ids = [...new Set(tests.flatMap((t) => t.violated?.length ? t.violated : t.statements || []))];
  const body = h("div", { class: "members" });
  const line = h("details", { class: "case family", "data-names": tests.map((t) => t.name).join("\n") },
    h("summary", {},
      h("span", { class: "dot v-" + tests[0].verdict, "aria-hidden": "true" }),
      h("span", { class: "name" }, familyOf(tests[0]).replaceAll("_", " ")),
      h("span", { class: "meta" }, h("span", { class: "tag v v-" + tests[0].verdict }, `${tests.length} ${tests[0].verdict}`),
        tests.every((t) => t.known) ? h("span", { class: "tag" }, "known") : null,
        [...each("mqtt"), ...each("transport")].map((word) => h("span", { class: "tag" }, word))),
      h("span", { class: "ids" }, h("span", { class: "mono" }, ids.slice(0, 4).join("  ") + (ids.length > 4 ? " …" : "")), " " + (requirementOf(tests[0]) || ""))),
    body);
  line.addEventListener("toggle", () => { if (line.open && !body.hasChildNodes()) body.append(...tests.map((t) => caseLine(t, onStatement))); });
  return line;
}

/* The cases of one statement, the worst first; the first that failed stands open. */
function casesCard(cases) {
  const tests = [...cases].sort((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict));
  const lines = tests.map((test) => caseLine(test, openStatement));
  const bad = tests.findIndex((test) => test.verdict === "failed");
  if (bad >= 0) lines[bad].open = true;
  return h("div", { class: "card cases" }, lines);
}

/* What is on paper shall show the evidence. */
addEventListener("beforeprint", () => document.querySelectorAll("#failure-list .case, #broken-list .case").forEach((line) => {
  line.open = true;
  line.dispatchEvent(new Event("toggle"));
  const first = line.querySelector(".members > .case");
  if (first) { first.open = true; first.dispatchEvent(new Event("toggle")); }
}));

/* ---- dialog and filters --------------------------------------------------- */

function openSheet(isWide, title, ...children) {
  const dialog = $("dialog");
  dialog.classList.toggle("is-wide", isWide);
  const close = h("button", { type: "button", class: "small", onclick: () => dialog.close() }, "Close");
  dialog.replaceChildren(h("div", { class: "sheet" }, h("header", {}, h("h2", { id: "dialog-title" }, title), close), children));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  return dialog;
}
$("dialog").addEventListener("click", (event) => { if (event.target === $("dialog")) $("dialog").close(); });
$("dialog").addEventListener("close", () => { hideHint(); document.body.append(hint); });

function choice(label, name, values, any) {
  return h("select", { name, "aria-label": label }, any ? h("option", { value: "" }, any) : null, values.map((v) => h("option", { value: v }, v)));
}

function stack(counts, order) {
  return h("div", { class: "stack", role: "img", "aria-label": order.map((v) => (counts[v] || 0) + " " + v).join(", ") },
    order.filter((v) => counts[v]).map((v) => h("span", { class: "v-" + v, style: `flex: ${counts[v]}; background: var(--c)` })));
}
