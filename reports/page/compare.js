/* SPDX-License-Identifier: Apache-2.0 */
/* compare.js -- the page of several runs.
 *
 * Its data are packed as conformance/report/pack.h tells: rows of indices into
 * the values. They are unpacked here, transcripts when they are looked at.
 */

const meant = (index) => DATA.values[index];

/* A row of a table as an object; what is absent has no member. */
function unpackRow(table, index) {
  const row = {};
  table.members.forEach((name, i) => { if (table.rows[index][i]) row[name] = table.members[i] === "alike" ? table.rows[index][i] : meant(table.rows[index][i]); });
  return row;
}

/* What the case was in one run; the usual rerun and capture follow from its name. */
function unpackDetail(detail, name, transport, milliseconds, run) {
  const usual = name.replace(/[/[]/g, "-").replaceAll("]", "_") + ".pcap";
  return { ...detail, seconds: milliseconds / 1000,
    rerun: detail.rerun === true ? `mqttspec run ${run.name} --only '${name}' --transport ${transport}` : detail.rerun,
    capture: /\/$/.test(detail.capture || "") ? detail.capture + usual : detail.capture };
}

DATA.cases = (function unpackCases() {
  const heads = DATA.heads.rows.map((row, i) => row && unpackRow(DATA.heads, i)), details = DATA.details.rows.map((row, i) => row && unpackRow(DATA.details, i));
  return DATA.cases.map((packed) => {
    const head = heads[packed[0]], row = meant(packed[1]), each = DATA.runs.map((_, i) => details[packed[2 + 2 * i]]);
    const name = row === "" || row[0] === "[" ? `${head.test}${row}/${head.mqtt}/${head.transport}` : row;
    return { statements: [], ...head, name, verdicts: each.map((d) => d ? d.verdict : ""),
      details: each.map((d, i) => d && unpackDetail(d, name, head.transport, packed[3 + 2 * i], DATA.runs[i])) };
  });
})();

/* A packet's text from its fields; conformance/report/pack_transcript.c has the same. */
function tellPacket(type, fields) {
  const told = Object.entries(fields).filter(([name, value]) => value !== false && name !== "Will").map(([name, value]) => {
    const plain = name.replace(/^Properties /, "").replace(/^Filter /, "").replace(/^Will (?=Will )/, "").replace(/^\d+ /, "");
    const code = /^(0x[0-9A-F]{2}) (.+)$/.exec(value);
    return ` ${plain}` + (value === true ? "" : typeof value === "number" ? ` ${value}` : code ? ` ${code[1]} (${code[2]})` : ` "${value}"`);
  });
  return type + told.join("");
}

function unpackEntry(packed, time) {
  const [from, event, offending, type, ...names] = meant(packed[2]);
  const entry = { time, who: meant(packed[1]), from, event, offending: offending === 1 };
  if (type === undefined) return { ...entry, text: meant(packed[3]) };
  const fields = Object.fromEntries(names.map((name, i) => [name, meant(packed[4 + i])]));
  const rest = meant(packed[4 + names.length] || 0), told = tellPacket(type, fields);
  return { ...entry, type, fields, octets: meant(packed[3]), text: rest === null ? told : rest.startsWith(" -- ") ? told + rest : rest };
}

function unpackTranscript(index) {
  const [name, ...entries] = DATA.transcripts[index - 1];
  let time = 0;
  return { packets_of: meant(name), transcript: entries.map((packed) => unpackEntry(packed, (time += packed[0]) / 1e6)) };
}

const HISTORY = DATA.mode === "history";
const RUNS = DATA.runs.map((run) => ({
  ...run,
  label: HISTORY ? `${run.version || ""} ${(run.started || "").replace("T", " ").replace(/(:\d\d)?(\.\d+)?Z$/, "")}`.trim() : run.name,
}));
const SHOWN = { view: "statements", differences: true, standard: "", text: "", verdict: "" };
const catalogueOf = (id) => id.slice(0, id.indexOf("/"));
const concluded = (v) => v === "verified" || v === "violated";
const differs = (row) => row.verdicts.includes("verified") && row.verdicts.includes("violated") ||
  row.verdicts.includes("passed") && row.verdicts.includes("failed");
const SYMBOLS = { verified: "✓ kept", violated: "✖ broken", skipped: "skipped", untested: "–", client: "–", unobservable: "–", "": "–", passed: "✓ passed", failed: "✖ failed", warning: "! warning", error: "error", inconclusive: "? open" };
const numberOf = (verdict, i) => DATA.statements.filter((s) => s.verdicts[i] === verdict).length;

/* What a row's case was in one run, as caseLine wants it; its packets when they are asked for. */
function caseIn(row, i) {
  const test = { ...row, ...(row.details[i] || {}), verdict: row.verdicts[i] };
  if (test.alike) test.evidence = () => unpackTranscript(test.alike);
  return test;
}

/* ---- the runs -------------------------------------------------------------- */

function drawRuns() {
  const differing = DATA.statements.filter(differs).length;
  document.title = HISTORY ? `${RUNS[0].name}: MQTT conformance over time` : "MQTT conformance, side by side";
  $("hero").append(
    h("p", { class: "target" }, HISTORY ? `${RUNS.length} runs of ${RUNS[0].name}` : RUNS.map((r) => r.name).join(" · ")),
    h("h1", {}, differing ? [HISTORY ? "The runs differ in " : "They differ in ", h("em", { class: "bad" }, count(differing, "statement", "statements")), "."]
      : [h("em", { class: "good" }, "No difference"), " in any statement that all of them show."]));
  $("runs").append(...RUNS.map((run, i) => {
    const s = run.summary || {};
    const counts = { passed: s.passed, skipped: s.skipped, inconclusive: s.inconclusive, warning: s.warnings, error: s.errors, failed: s.failed };
    return h("div", { class: "card run v-" + (numberOf("violated", i) ? "violated" : "verified") },
      h("h2", {}, run.name, " ", h("span", { class: "soft" }, run.version || "")),
      stack(counts, ["passed", "skipped", "inconclusive", "warning", "error", "failed"]),
      h("p", { class: "n" }, h("b", {}, String(numberOf("violated", i))), " statements broken, ", h("b", {}, String(numberOf("verified", i))), " kept"),
      h("p", { class: "n" }, `${s.cases || 0} cases: ${s.passed || 0} passed, ${s.failed || 0} failed${s.known_failures ? ` (${s.known_failures} known)` : ""}, ${s.skipped || 0} skipped${s.errors ? `, ${s.errors} errors` : ""}`),
      h("p", { class: "n" }, (run.started || "").replace("T", " ").replace(/(\.\d+)?Z$/, " UTC"), run.seconds ? " · " + seconds(run.seconds) : ""));
  }));
  $("nav").append(...[["changes", "Changes"], ["statements", "Statements"], ["broken", "What each breaks"]]
    .filter(([id]) => id !== "changes" || HISTORY).map(([id, word]) => h("a", { href: "#" + id }, word)));
  $("footer").textContent = "mqttspec · " + DATA.schema;
}

/* ---- statement by statement ------------------------------------------------ */

function markCell(row, i) {
  const verdict = row.verdicts[i] || "none", isCase = SHOWN.view === "cases", detail = isCase && row.details[i];
  return h("td", {}, h("button", {
    type: "button", class: "mark-cell v-" + verdict, onclick: () => isCase ? openCase(row, i) : openCell(row, i), "data-run": RUNS[i].label,
  }, h("span", { class: "sr" }, `${row.id || row.name}, ${RUNS[i].label}: `), SYMBOLS[row.verdicts[i]] || verdict, detail && detail.seconds !== undefined && verdict !== "skipped" ? h("small", {}, " " + seconds(detail.seconds)) : null),
  detail && detail.ended_by && detail.ended_by !== "test" ? h("div", { class: "ended" }, detail.ended_by) : null);
}

function openCell(row, i) {
  const cases = DATA.cases.filter((c) => c.verdicts[i] && (c.statements.includes(row.id) || (c.details[i]?.violated || []).includes(row.id)));
  const dialog = openSheet(true, row.id,
    h("p", { class: "asks" }, row.summary), h("p", {}, verdictTag(row.verdicts[i]), ` in ${RUNS[i].name} ${RUNS[i].version || ""}`),
    h("h3", {}, cases.length ? count(cases.length, "case", "cases") : "No case in this run"));
  if (cases.length)
    putCases(dialog.firstChild, cases.map((c) => caseIn(c, i)));
}

/* One case in one run, and how the others fared. */
function openCase(row, i) {
  const dialog = openSheet(true, titleOf(row),
    h("p", { class: "asks" }, requirementOf(row)), h("p", {}, `In ${RUNS[i].name} ${HISTORY ? RUNS[i].label : RUNS[i].version || ""}`));
  if (row.verdicts[i]) putCases(dialog.firstChild, [caseIn(row, i)]);
  dialog.firstChild.append(h("h3", {}, "In every run"), h("ul", { class: "list" }, RUNS.map((run, k) => h("li", {}, HISTORY ? run.label : `${run.name} ${run.version || ""}`, verdictTag(row.verdicts[k])))));
}

function openStatement(id) {
  const row = DATA.statements.find((s) => s.id === id);
  if (!row) return;
  openSheet(false, id, h("p", { class: "asks" }, row.summary),
    h("ul", { class: "list" }, RUNS.map((run, i) => h("li", {}, HISTORY ? run.label : `${run.name} ${run.version || ""}`, verdictTag(row.verdicts[i])))));
}

/* The rows of the two views: how each is told, grouped and found. */
const VIEWS = {
  statements: {
    rows: DATA.statements, word: ["statement", "statements"], verdicts: ["violated", "verified", "skipped"],
    group: (s) => `${catalogueOf(s.id)} · ${s.section} ${s.title || ""}`, standard: (s) => catalogueOf(s.id),
    text: (s) => s.id + " " + s.summary, isWorth: (s) => s.verdicts.some(concluded),
    head: (s) => [h("button", { type: "button", class: "link", onclick: () => openStatement(s.id) }, s.id), h("div", {}, s.summary)],
  },
  cases: {
    rows: DATA.cases, word: ["case", "cases"], verdicts: VERDICTS,
    group: (c) => sectionOf(c.file), standard: (c) => c.mqtt,
    text: (c) => c.name + " " + c.statements.join(" ") + " " + (c.requirement || ""), isWorth: () => true,
    head: (c) => [h("div", {}, h("b", {}, titleOf(c)), ` ${c.mqtt} ${c.transport}`), h("span", { class: "id" }, c.statements.join("  "))],
  },
};

function isShown(row) {
  const view = VIEWS[SHOWN.view];
  return (SHOWN.differences ? differs(row) : view.isWorth(row)) &&
    (!SHOWN.standard || view.standard(row) === SHOWN.standard) && (!SHOWN.verdict || row.verdicts.includes(SHOWN.verdict)) &&
    (!SHOWN.text || view.text(row).toLowerCase().includes(SHOWN.text.toLowerCase()));
}

function drawGrid() {
  const view = VIEWS[SHOWN.view], rows = view.rows.filter(isShown);
  $("count").textContent = `${rows.length} of ${count(view.rows.length, ...view.word)}`;
  const body = h("tbody", {});
  $("grid").replaceChildren(rows.length
    ? h("table", { class: "grid" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, view.word[0]), RUNS.map((r) => h("th", { scope: "col" }, r.label, HISTORY ? null : h("div", { class: "soft" }, r.version || ""))))), body)
    : h("p", { class: "empty" }, SHOWN.differences ? "Nothing that differs matches. Untick “only differences” to see the rest." : "Nothing matches."));
  putRows(body, rows, 0);
}

/* Thousands of rows are made only when somebody wants to see them. */
const ROWS_AT_ONCE = 200;

function putRows(body, rows, from) {
  const view = VIEWS[SHOWN.view], to = Math.min(rows.length, from + ROWS_AT_ONCE), left = rows.length - to;
  rows.slice(from, to).forEach((row, i) => {
    const group = view.group(row);
    if (from + i === 0 || group !== view.group(rows[from + i - 1]))
      body.append(h("tr", { class: "group" }, h("th", { colspan: RUNS.length + 1, scope: "rowgroup" }, group)));
    body.append(h("tr", {}, h("th", { scope: "row" }, view.head(row)), RUNS.map((_, k) => markCell(row, k))));
  });
  if (!left) return;
  const last = body.lastChild;
  const more = h("p", { class: "more" }, h("button", {
    type: "button", class: "small", onclick: () => { more.remove(); putRows(body, rows, to); last.querySelector(".mark-cell").focus(); },
  }, `Show ${Math.min(ROWS_AT_ONCE, left)} more of ${left}`));
  $("grid").append(more);
}

function drawFilters() {
  const form = $("filters");
  const fill = () => {
    const view = VIEWS[SHOWN.view];
    SHOWN.standard = SHOWN.verdict = "";
    form.replaceChildren(
      choice("Rows", "view", Object.keys(VIEWS), null),
      h("input", { type: "search", name: "text", placeholder: "Statement or words", "aria-label": "Search", value: SHOWN.text }),
      choice("Standard", "standard", [...new Set(view.rows.map(view.standard))], "every standard"),
      choice("Verdict", "verdict", view.verdicts, "every verdict"),
      h("label", {}, h("input", { type: "checkbox", name: "differences", checked: SHOWN.differences }), "only differences"));
    form.elements.view.value = SHOWN.view;
  };
  fill();
  form.addEventListener("input", (event) => {
    const field = event.target;
    SHOWN[field.name] = field.type === "checkbox" ? field.checked : field.value;
    if (field.name === "view") { fill(); form.elements.view.focus(); }
    drawGrid();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}

/* ---- history, and what each breaks ----------------------------------------- */

function drawChanges() {
  if (!HISTORY) return;
  $("changes").hidden = false;
  for (let i = RUNS.length - 1; i > 0; i--) {
    const now = (c) => c.verdicts[i], before = (c) => c.verdicts[i - 1];
    const worse = DATA.cases.filter((c) => now(c) === "failed" && before(c) !== "failed");
    const better = DATA.cases.filter((c) => now(c) && now(c) !== "failed" && before(c) === "failed");
    const other = DATA.cases.filter((c) => now(c) && before(c) && now(c) !== before(c) && now(c) !== "failed" && before(c) !== "failed");
    const shown = [...worse, ...better, ...other];
    $("change-list").append(
      h("h3", { class: "gap" }, `${RUNS[i].label} since ${RUNS[i - 1].label}: ${worse.length} newly failed, ${better.length} no longer fail, ${other.length} otherwise changed`),
      h("div", { class: "card" }, shown.map((c) => changeLine(c, i)), shown.length ? null : h("p", { class: "empty" }, "No verdict changed."),
        populationLine(DATA.cases.filter((c) => now(c) && !before(c)).length, DATA.cases.filter((c) => !now(c) && before(c)).length)));
  }
}

const changeLine = (row, i) => h("div", { class: "change" },
  h("button", { type: "button", class: "plainlink", onclick: () => openCase(row, row.verdicts[i] ? i : i - 1) }, row.name),
  h("span", {}, verdictTag(row.verdicts[i - 1]), " → ", verdictTag(row.verdicts[i])));

/* Cases that only one of two runs has are a matter of the suite, or of what was selected. */
const populationLine = (added, gone) => added + gone
  ? h("p", { class: "empty" }, [added && `${count(added, "case was", "cases were")} not there before.`, gone && `${count(gone, "case is", "cases are")} not there any more.`].filter(Boolean).join(" "))
  : null;

function drawBroken() {
  RUNS.forEach((run, i) => {
    const failed = DATA.cases.filter((c) => c.verdicts[i] === "failed");
    $("broken-list").append(h("h3", { class: "gap" }, `${run.name} ${HISTORY ? run.label : run.version || ""}: ${count(failed.length, "failed case", "failed cases")}`),
      h("div", { class: "card cases" }, failed.length ? familyLines(failed.map((c) => caseIn(c, i)), openStatement) : h("p", { class: "empty" }, "Nothing that the suite looks at.")));
  });
}

drawRuns();
drawChanges();
drawFilters();
drawGrid();
drawBroken();
