import { element } from "./dom.js";

const LINES = 300;
const LEARNT = 6000; // ms, after which the log knows of an acknowledgement
const SETTLED = { delivered: "good", settled: "good", refused: "bad", dropped: "bad", waiting: "warn" };
const LEVELS = { warning: "warn", error: "bad", critical: "bad", debug: "quiet" };
const SECONDS = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

export async function open(main, api) {
  const asked = new URLSearchParams(location.hash.split("?")[1]).get("event");
  const parts = [eventPart(api, asked), lossPart(api), doctorPart(api), configPart(api), linePart(api)];
  main.append(element("h2", {}, "Trust"), element("div", { class: "trust" }, parts.map((one) => one.card)));
  return () => parts.forEach((one) => one.close?.());
}

function card(title, note, ...children) {
  const intro = note && element("p", { class: "quiet" }, note);
  return element("section", { class: "card" }, element("h3", {}, title), intro, children);
}

const clock = (us) => new Date(us / 1000).toLocaleTimeString([], SECONDS);

function exact(us) {
  const date = new Date(us / 1000);
  const time = date.toLocaleTimeString([], { ...SECONDS, fractionalSecondDigits: 3 });
  return `${date.toLocaleDateString()} ${time}`;
}

// Shows what a promise brings in place of what a node has, or why it brings nothing.
async function show(node, promise, draw) {
  node.setAttribute("aria-busy", "true");
  try {
    node.replaceChildren(...[draw(await promise)].flat());
  } catch (error) {
    node.replaceChildren(element("p", { class: "problem", role: "alert" }, error.message));
  }
  node.removeAttribute("aria-busy");
}

function eventPart(api, asked) {
  const field = element("input", { id: "event", autocomplete: "off", spellcheck: "false", required: true });
  const found = element("div", { class: "path", "aria-live": "polite" });
  const recent = element("div");
  let timer = null;
  const look = (id, again) => show(found, api.get("event", { id }), (path) => {
    if (again && path.sinks.some((one) => one.state === "waiting")) timer = setTimeout(look, LEARNT, id);
    return drawPath(path);
  });
  const follow = (id) => {
    clearTimeout(timer);
    field.value = id;
    history.replaceState(null, "", `#/trust?event=${encodeURIComponent(id)}`);
    return look(id, true);
  };
  const list = () => show(recent, api.get("events", { count: 10 }), (events) => drawEvents(events, follow));
  const onsubmit = (event) => {
    event.preventDefault();
    follow(field.value.trim());
  };
  const form = element("form", { class: "row", onsubmit },
    element("label", { for: "event" }, "Id or offset"), field,
    element("button", { class: "primary" }, "Follow"));
  const more = element("details", { open: !asked },
    element("summary", {}, "Latest events"), recent,
    element("button", { type: "button", onclick: list }, "Refresh"));
  list();
  if (asked) follow(asked);
  const note = "From the measurement to each sink: what the event log proves, and no more.";
  return { card: card("Follow one event", note, form, found, more), close: () => clearTimeout(timer) };
}

function drawPath(path) {
  const steps = path.steps.map((one) => element("li", {},
    element("strong", {}, one.name), " ", time(one.time), element("p", {}, one.text)));
  const sinks = path.sinks.map((one) => element("li", { class: SETTLED[one.state] || "quiet" },
    element("strong", {}, `${one.sink}: ${one.state}`), " ", time(one.time), element("p", {}, one.text)));
  const lines = path.lines.map((one) => element("li", {},
    element("strong", {}, "log line"), " ", time(one.time), element("p", {}, one.text)));
  return [
    element("p", {}, element("code", {}, path.id), path.kind && ` ${path.kind} of ${path.source}`),
    element("ol", { class: "steps" }, steps, sinks, lines),
    path.data && element("pre", { tabindex: "0", "aria-label": "Content" }, JSON.stringify(path.data, null, 1)),
  ].filter(Boolean);
}

function time(us) {
  return us == null ? null : element("time", { class: "quiet" }, exact(us));
}

function drawEvents(events, follow) {
  const rows = events.map((one) => element("li", {},
    element("button", { type: "button", class: "link", onclick: () => follow(one.id) }, `#${one.id.split(":")[1]}`),
    element("span", { class: "quiet" }, clock(one.time)),
    element("span", {}, `${one.kind} of ${one.source}`)));
  return element("ol", { class: "events" }, rows);
}

function lossPart(api) {
  const body = element("div");
  const load = () => show(body, api.get("refusals"), drawLosses);
  load();
  const again = element("button", { type: "button", onclick: load }, "Refresh");
  const note = "What a sink refused for good, and what the agent gave up before a sink had it.";
  return { card: card("Refused and dropped", note, body, again) };
}

function drawLosses({ sinks, reports }) {
  const head = ["Sink", "Recorded", "Refused", "Dropped"].map((text) => element("th", { scope: "col" }, text));
  const rows = sinks.map((one) => element("tr", {},
    element("th", { scope: "row" }, one.configured ? one.sink : `${one.sink} (removed)`),
    element("td", {}, one.recorded.toLocaleString()), lost(one.refused), lost(one.dropped)));
  const items = reports.map((one) => element("li", {},
    element("time", { class: "quiet" }, exact(one.time)), ` ${one.reason}: ${one.count.toLocaleString()} `,
    element("span", { class: "quiet" }, one.ranges.map(([first, last]) => first === last ? first : `${first}–${last}`).join(", "))));
  return [
    element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows)),
    items.length ? element("ul", { class: "reports", tabindex: "0", "aria-label": "Reports" }, items)
      : element("p", { class: "good" }, "No event is reported missing."),
  ];
}

function lost(reasons) {
  const all = Object.entries(reasons);
  const count = all.reduce((sum, [, one]) => sum + one, 0);
  const why = all.map(([reason, one]) => `${reason}: ${one.toLocaleString()}`).join("; ");
  return element("td", { class: count ? "bad" : null }, count.toLocaleString(), why && element("small", {}, why));
}

function doctorPart(api) {
  const body = element("div", { "aria-live": "polite" });
  const button = element("button", { type: "button", class: "primary" }, "Examine this machine");
  let timer = null;
  const take = (report) => {
    button.disabled = report.running || report.wait > 0;
    clearTimeout(timer);
    if (report.running || report.wait > 0) timer = setTimeout(look, report.running ? 700 : report.wait * 1000 + 200);
    return drawReport(report);
  };
  const look = () => show(body, api.get("doctor"), take);
  button.addEventListener("click", async () => {
    button.disabled = true;
    await show(body, api.post("doctor"), take);
    clearTimeout(timer);
    timer = setTimeout(look, 500);
  });
  look();
  const note = "The checks of edge-agent doctor: they change nothing, and touch no chip.";
  return { card: card("Doctor", note, button, body), close: () => clearTimeout(timer) };
}

function drawReport(report) {
  if (report.began == null) return [];
  const found = report.themes.flatMap((one) => one.findings.map((finding) => ({ ...finding, theme: one.theme })));
  const count = found.length === 1 ? "1 finding" : `${found.length || "no"} findings`;
  const state = report.running ? "Examining…" : `${clock(report.began)}: ${count}`;
  const passed = report.themes.filter((one) => !one.findings.length);
  return [
    element("p", { class: report.running || found.length ? "warn" : "good" }, state),
    report.error ? element("p", { class: "problem" }, report.error) : "",
    element("ul", { class: "findings" }, found.map((one) => element("li", {},
      element("p", {}, element("strong", { class: one.severity === "problem" ? "bad" : "warn" }, one.severity),
        ` ${one.theme}: ${one.where}: ${one.what}`),
      element("p", { class: "quiet" }, one.remedy)))),
    element("p", { class: "quiet" }, passed.length ? `Nothing wrong: ${passed.map((one) =>
      one.skipped ? `${one.theme} (skipped: ${one.skipped})` : one.theme).join(", ")}.` : ""),
  ];
}

function configPart(api) {
  const body = element("div");
  const load = () => show(body, api.get("config"), drawConfig);
  load();
  const again = element("button", { type: "button", onclick: load }, "Check again");
  return { card: card("Configuration", "As it is in the file now; what may be secret is ***.", body, again) };
}

function drawConfig(config) {
  const [style, verdict] = config.problems.length ? ["bad", config.problems.length === 1 ? "1 problem" : `${config.problems.length} problems`]
    : config.changed ? ["warn", "No problems; a reload or a restart puts it into force"] : ["good", "No problems; it is in force"];
  return [
    element("p", {}, element("code", {}, config.file), config.set.length ? `, and --set ${config.set.join(", ")}` : ""),
    element("p", { class: style }, `${verdict}.`),
    element("ul", { class: "findings" }, config.problems.map((one) => element("li", {}, one))),
    element("pre", { tabindex: "0", "aria-label": "Configuration" }, toml(config.tables).trim()),
  ];
}

// TOML of tables as JSON has them; only to be read.
function toml(table, name = "") {
  const isTable = (one) => one && typeof one === "object" && !Array.isArray(one);
  const isList = (one) => Array.isArray(one) && one.some(isTable);
  const below = name && `${name}.`;
  const entries = Object.entries(table);
  const values = entries.filter(([, one]) => !isTable(one) && !isList(one));
  const nested = entries.flatMap(([key, one]) => isTable(one) ? [[`[${below}${key}]`, one, below + key]]
    : isList(one) ? one.map((each) => [`[[${below}${key}]]`, each, below + key]) : []);
  return values.map(([key, one]) => `${key} = ${JSON.stringify(one)}\n`).join("")
    + nested.map(([head, one, path]) => `\n${head}\n${toml(one, path)}`).join("");
}

function linePart(api) {
  const list = element("div", { class: "lines", role: "log", tabindex: "0", "aria-label": "Log lines" });
  const shown = new Set(); // a new connection brings the last lines again
  const end = api.stream("lines", (line) => {
    const key = `${line.time} ${line.text}`;
    if (shown.has(key)) return;
    if (shown.size > 2 * LINES) shown.clear();
    shown.add(key);
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(element("p", { class: LEVELS[line.level] },
      element("time", {}, clock(line.time)), ` ${line.level}: ${line.text}`));
    while (list.childElementCount > LINES) list.firstElementChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  });
  const note = "The agent’s own lines since it started, and those that come.";
  return { card: card("Log", note, list), close: end };
}
