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
/* The first Escape takes the hint away, the next one the dialog. */
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || hint.hidden) return;
  hideHint();
  event.preventDefault();
});

/* ---- the ladder ---------------------------------------------------------- */

/* "5.0/MQTT-3.1.0-2: A repeated CONNECT ..." without the id, which stands beside it. */
const requirementOf = (test) => (test.requirement || "").replace(/^[0-9a-z.]+\/[A-Za-z0-9.-]+: /, "");

/* Seconds since the case began, as a reader wants them; shorter where room is scarce. */
const clockOf = (s) => s === null ? "" : s < 1 ? (s * 1000).toFixed(2) + " ms" : s.toFixed(2) + " s";
const shortClockOf = (s) => s === null ? "" : s < 1 ? (s * 1000).toFixed(s < 0.1 ? 1 : 0) + " ms" : s.toFixed(1) + " s";

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

/* Where the broker was waited for in vain: behind the last packet, and there
 * before the connection whose end comes after the longest silence. */
function placeOfSilence(entries) {
  const isEnd = (e) => e.event === "close";
  const first = entries.length - [...entries].reverse().findIndex((e) => !isEnd(e));
  let at = entries.length, longest = 0;
  for (let i = Math.max(1, first); i < entries.length; i++) {
    const silence = entries[i].time - entries[i - 1].time;
    if (silence > longest) [at, longest] = [i, silence];
  }
  return at;
}

/* Where no packet is to blame, what did not come is: it gets a rung of its own. */
function withMissing(entries, test) {
  if (test.verdict !== "failed" || !test.expected || entries.some((e) => e.offending)) return entries;
  const at = placeOfSilence(entries);
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
  const rungs = transcript.map((entry, i) => rung(entry, head + i * step, { x, gap, width, clock, step }));
  svg.append(...rungs);
  walkWithArrows(svg, rungs, Math.max(0, transcript.findIndex((e) => e.offending)));
  return svg;
}

/* A ladder is one tab stop, at the offending packet; arrow keys go up and down. */
function walkWithArrows(svg, rungs, first) {
  let at = first;
  const stopAt = (i) => { rungs[at]?.setAttribute("tabindex", -1); at = i; rungs[at]?.setAttribute("tabindex", 0); };
  stopAt(first);
  rungs.forEach((step, i) => step.addEventListener("focus", () => stopAt(i)));
  svg.addEventListener("keydown", (event) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rungs.length - 1 }[event.key];
    if (!rungs[to]) return;
    event.preventDefault();
    rungs[to].focus();
  });
}

/* One packet or event of the ladder. */
function rung(entry, top, space) {
  const { x, gap, width, clock, step } = space;
  const y = top + step - 10;
  const from = entry.from === "broker" ? x(null) : x(entry.who), to = entry.from === "broker" ? x(entry.who) : x(null);
  const isPacket = entry.event === "packet" && from !== to;
  const group = h("svg:g", {
    class: "step" + (entry.from === "broker" ? " from-broker" : "") + (entry.offending ? " offending" : ""),
    tabindex: -1, role: "listitem",
    "aria-label": `${entry.time === null ? "" : clockOf(entry.time) + ", "}${entry.who || ""} ${entry.from === "broker" ? "receives" : "sends"} ${entry.text || entry.type || ""}${entry.event === "missing" ? ", and it did not come" : entry.offending ? ", the offending packet" : ""}`,
  }, h("svg:rect", { class: "band", x: 4, y: top + 1, width: width - 8, height: step - 2, rx: 6 }),
    h("svg:text", { class: "clock", x: clock + 2, y: y + 3, "text-anchor": "end" }, clock < 60 ? shortClockOf(entry.time) : clockOf(entry.time)));
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

/* Why a line stands where it does: what was asked, or why there is no answer. */
const sentenceOf = (test) => ["skipped", "inconclusive", "error"].includes(test.verdict) && test.reason || requirementOf(test);

/* "t[one_row]/5.0/tcp" to "one row", for a line below that of its test. */
const rowOf = (test) => /\[(.*)\]/.exec(test.name)?.[1].replaceAll("_", " ") || `${test.mqtt} ${test.transport}`;

const tagsOf = (test) => [test.known && test.verdict === "failed" ? "known" : "", test.unexpected_pass ? "unexpected pass" : "", test.mqtt, test.transport, test.driver];
const tags = (words) => words.filter(Boolean).map((word) => h("span", { class: "tag" }, word));

/* A line that opens; `fill` makes its body when that is first seen. */
function foldedLine(attributes, summary, body, fill) {
  const line = h("details", attributes, summary, body);
  line.addEventListener("toggle", () => { if (line.open && !body.hasChildNodes()) fill(); });
  return line;
}

/* Opens a line that is on the page, and fills it at once. */
function unfold(line) {
  line.open = true;
  line.dispatchEvent(new Event("toggle"));
  return line;
}

/* A case as a line that opens. A member of a family leaves out what its family says. */
function caseLine(test, onStatement, isMember = false) {
  const body = h("div", { class: "body" });
  const ids = test.violated?.length ? test.violated : test.statements || [];
  return foldedLine({ class: "case", "data-name": test.name },
    h("summary", {},
      h("span", { class: "dot v-" + test.verdict, "aria-hidden": "true" }),
      h("span", { class: "name" }, isMember ? rowOf(test) : titleOf(test)),
      h("span", { class: "meta" }, verdictTag(test.verdict), tags(tagsOf(test)),
        test.seconds === undefined ? null : h("span", { class: "time" }, seconds(test.seconds))),
      isMember ? null : h("span", { class: "ids" }, h("span", { class: "mono" }, ids.join("  ")), " " + sentenceOf(test))),
    body, () => caseBody(body, test, onStatement));
}

/* The name that cases of one test share, and what tells them apart. */
const familyOf = (test) => test.test || test.name.split("[")[0].split("/")[0];

/* The cases of each test, in the order of the tests' first cases. */
function familiesOf(tests) {
  const families = new Map();
  for (const test of tests) {
    const family = familyOf(test);
    if (!families.has(family)) families.set(family, []);
    families.get(family).push(test);
  }
  return [...families.values()];
}

/* Cases as lines, a test with several of them as one line that opens. */
const familyLines = (tests, onStatement) =>
  familiesOf(tests).map((all) => all.length === 1 ? caseLine(all[0], onStatement) : familyLine(all, onStatement));

function familyLine(tests, onStatement) {
  const each = (member) => [...new Set(tests.map((t) => t[member]))].sort();
  const ids = [...new Set(tests.flatMap((t) => t.violated?.length ? t.violated : t.statements || []))];
  const verdicts = VERDICTS.map((verdict) => [verdict, tests.filter((t) => t.verdict === verdict).length]).filter(([, n]) => n);
  const body = h("div", { class: "members" });
  return foldedLine({ class: "case family", "data-names": tests.map((t) => t.name).join("\n") },
    h("summary", {},
      h("span", { class: "dot v-" + verdicts[0][0], "aria-hidden": "true" }),
      h("span", { class: "name" }, familyOf(tests[0]).replaceAll("_", " ")),
      h("span", { class: "meta" }, verdicts.map(([verdict, n]) => h("span", { class: "tag v v-" + verdict }, `${n} ${verdict}`)),
        tags([tests.every((t) => t.known) ? "known" : "", ...each("mqtt"), ...each("transport")])),
      h("span", { class: "ids" }, h("span", { class: "mono" }, ids.slice(0, 4).join("  ") + (ids.length > 4 ? " …" : "")), " " + sentenceOf(tests[0]))),
    body, () => body.append(...tests.map((t) => caseLine(t, onStatement, true))));
}

/* Opens the first case of a line that is on the page. */
function unfoldFirst(line) {
  unfold(line);
  const member = line.querySelector(".members > .case");
  if (member) unfold(member);
}

/* Puts the cases of one statement on the page, the worst first; the first that failed stands open. */
function putCases(place, cases) {
  const tests = [...cases].sort((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict));
  const lines = familyLines(tests, openStatement);
  place.append(h("div", { class: "card cases" }, lines));
  if (tests[0]?.verdict === "failed") unfoldFirst(lines[0]);
}

/* What is on paper shall show the evidence; nobody can point at it there, so the text is open too. */
addEventListener("beforeprint", () => document.querySelectorAll("#failure-list .case, #broken-list .case").forEach((line) => {
  unfoldFirst(line);
  line.querySelectorAll(".plain").forEach((text) => { text.open = true; });
}));

/* ---- dialog and filters --------------------------------------------------- */

function openSheet(isWide, title, ...children) {
  const dialog = $("dialog");
  const before = dialog.open ? { sheet: dialog.firstChild, isWide: dialog.classList.contains("is-wide"), top: dialog.scrollTop } : null;
  const goBack = () => {
    dialog.classList.toggle("is-wide", before.isWide);
    dialog.replaceChildren(before.sheet);
    dialog.scrollTop = before.top;
    before.sheet.querySelector("header button").focus();
  };
  const buttons = h("div", { class: "links" },
    before ? h("button", { type: "button", class: "small", onclick: goBack }, "Back") : null,
    h("button", { type: "button", class: "small", onclick: () => dialog.close() }, "Close"));
  dialog.classList.toggle("is-wide", isWide);
  dialog.replaceChildren(h("div", { class: "sheet" }, h("header", {}, h("h2", { id: "dialog-title" }, title), buttons), children));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  buttons.lastChild.focus();
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
