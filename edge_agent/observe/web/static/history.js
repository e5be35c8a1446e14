// History: any channel over any span, with alerts and changes of outputs on the same axis.

import { Chart, COLOURS, colour, extremes, shownRange } from "./chart.js";
import { duration, element } from "./dom.js";
import { firings, moment, parameters, points, remember, shade, table, tick } from "./past.js";
import { Span } from "./span.js";

const ROWS = 48; // of the table
const MANY = 16; // channels, from which on there is a search
const MOST = 6;

export async function open(main, api) {
  const view = new History(main, api, await api.get("channels"));
  view.refresh();
  return () => view.close();
}

class History {
  constructor(main, api, channels) {
    this.api = api;
    this.channels = channels;
    const asked = parameters();
    this.node = asked.get("node") ? `${asked.get("node")}/` : ""; // of a fleet
    const first = channels.filter((one) => one.name.startsWith(this.node)).slice(0, 1).map((one) => one.name);
    const names = asked.get("channel")?.split(",").filter((name) => channels.some((one) => one.name === name));
    this.chosen = new Set((names ?? first).slice(0, MOST));
    this.span = new Span(asked, () => this.refresh());
    this.status = element("p", { class: "quiet", role: "status" });
    this.charts = new Map();
    this.plots = element("div", { class: "plots" });
    this.below = element("div", { class: "below" });
    main.append(element("h2", {}, "History"), this.picker(), this.span.bar, this.status, this.plots, this.below);
    if (!channels.length) this.status.textContent = "Nothing has been measured yet.";
  }

  picker() {
    const labels = this.channels.map((one) => {
      const onchange = (event) => this.toggle(one.name, event.target);
      const box = element("input", { type: "checkbox", checked: this.chosen.has(one.name), onchange });
      return element("label", { class: "chip" }, box, one.name);
    });
    const filter = () => labels.forEach((one) => (one.hidden = !one.textContent.includes(search.value)));
    const search = element("input", { type: "search", value: this.node, placeholder: "Search", "aria-label": "Search channels", oninput: filter });
    if (labels.length > MANY) filter();
    this.count = element("summary", {});
    return element("details", { class: "card picker", open: !this.chosen.size || (this.channels.length <= MANY && innerWidth > 640) }, this.count,
      labels.length > MANY ? search : null, element("div", { class: "row" }, labels));
  }

  toggle(name, box) {
    if (box.checked && this.chosen.size >= MOST) box.checked = false;
    else if (box.checked) this.chosen.add(name);
    else this.chosen.delete(name);
    this.refresh();
  }

  // Charts follow the clock unless an older span was chosen; what is asked last is shown.
  async refresh() {
    clearTimeout(this.timer);
    const asked = (this.asked = {});
    const bounds = this.span.bounds;
    this.plots.setAttribute("aria-busy", true);
    this.count.textContent = `Channels: ${this.chosen.size} of ${this.channels.length}${this.chosen.size >= MOST ? ", the most at once" : ""}`;
    remember("history", { channel: [...this.chosen].join(), ...this.span.parameters });
    try {
      const [channels, marks] = await this.load(bounds);
      if (asked === this.asked) await this.draw(channels, marks, bounds);
    } catch (error) {
      if (asked === this.asked) this.status.replaceChildren(element("span", { class: "problem" }, error.message));
    }
    if (asked !== this.asked) return;
    this.plots.removeAttribute("aria-busy");
    if (!this.span.until) this.timer = setTimeout(() => this.again(), Math.min(60000, Math.max(5000, this.span.length / 500)));
  }

  again() {
    if (document.hidden) this.timer = setTimeout(() => this.again(), 5000);
    else this.refresh();
  }

  async load(bounds) {
    const [since, until] = bounds;
    const chosen = this.channels.filter((one) => this.chosen.has(one.name));
    const width = this.plots.clientWidth;
    const [marks, ...found] = await Promise.all([
      this.api.get("marks", { since, until }),
      ...chosen.map((one) => points(this.api, one, bounds, width)),
    ]);
    return [chosen.map((one, n) => ({ ...one, points: found[n], colour: colour(`--c${(n % COLOURS) + 1}`) })), marks];
  }

  async draw(channels, marks, bounds) {
    const groups = Map.groupBy ? Map.groupBy(channels, unitOf) : grouped(channels);
    for (const [unit, chart] of this.charts) if (!groups.has(unit)) this.remove(unit, chart);
    this.shaded = firings(marks.marks, bounds);
    this.ticks = marks.marks.filter((one) => one.kind === "output");
    this.status.replaceChildren(...channels.map((one) => element("span", { class: "key" }, swatch(one), summary(one, bounds))));
    this.below.replaceChildren(this.files(channels, bounds), ...this.tables(channels, marks, bounds));
    await Promise.all([...groups].map(([unit, group]) => this.chart(unit).draw({ channels: group, bounds })));
  }

  chart(unit) {
    if (!this.charts.has(unit)) {
      const paint = (plot, context) => {
        shade(plot, context, this.shaded);
        this.ticks.forEach((one) => tick(plot, context, one.time));
      };
      const label = "Chart. Arrow keys move it, plus and minus zoom. The values are in a table below.";
      const made = new Chart({ label, onSpan: (since, until) => this.span.show(since, until), paint });
      made.box.addEventListener("keydown", (event) => this.key(event));
      this.charts.set(unit, made);
      this.plots.append(made.box);
    }
    return this.charts.get(unit);
  }

  remove(unit, chart) {
    chart.close();
    chart.box.remove();
    this.charts.delete(unit);
  }

  key(event) {
    const moves = { ArrowLeft: () => this.span.move(-0.25), ArrowRight: () => this.span.move(0.25), "+": () => this.span.zoom(0.5), "-": () => this.span.zoom(2) };
    if (!(event.key in moves) || event.target !== event.currentTarget) return;
    event.preventDefault();
    moves[event.key]();
  }

  files(channels, [since, until]) {
    if (!channels.length) return "";
    const names = channels.map((one) => one.name).join();
    const link = (format, label) => element("a", { href: this.api.url("export", { channel: names, since, until, format }), download: true }, label);
    return element("p", { class: "row" }, "Every reading of this span as ", link("csv", "CSV"), " or ", link("parquet", "Parquet"));
  }

  tables(channels, marks, bounds) {
    const kept = (title, build) => {
      const made = element("details", { open: this[title], ontoggle: () => (this[title] = made.open) }, element("summary", {}, title), build());
      return made;
    };
    const values = () => table("Lowest and highest values", ["From", ...channels.map((one) => one.name)], valueRows(channels, bounds));
    const events = () => table("Alerts and outputs", ["Time", "What", "State", "Note"], marks.marks.map((one) => [moment(one.time), one.name, one.state, one.text]).reverse());
    const note = marks.complete ? null : element("p", { class: "quiet" }, `Only the latest ${marks.marks.length} are shown.`);
    return [
      channels.length ? kept("Table of values", values) : "",
      marks.marks.length ? kept(`Alerts and outputs`, () => element("div", {}, note, events())) : element("p", { class: "quiet" }, "No alerts and no changes of outputs in this span."),
    ];
  }

  close() {
    this.asked = null;
    clearTimeout(this.timer);
    this.charts.forEach((chart) => chart.close());
  }
}

const unitOf = (channel) => channel.unit || channel.name;

function grouped(channels) {
  const groups = new Map();
  channels.forEach((one) => groups.set(unitOf(one), [...(groups.get(unitOf(one)) ?? []), one]));
  return groups;
}

function swatch(channel) {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  for (const [key, value] of Object.entries({ cx: 5, cy: 5, r: 5, fill: channel.colour })) dot.setAttribute(key, value);
  for (const [key, value] of Object.entries({ width: 10, height: 10, "aria-hidden": true })) drawing.setAttribute(key, value);
  drawing.append(dot);
  return drawing;
}

function summary(channel, [since, until]) {
  const found = extremes(channel.points);
  const gaps = channel.points.lows.filter((one) => one == null).length;
  const what = found ? shownRange(channel, ...found) : "no values";
  const missing = gaps ? `, ${gaps} ${gaps === 1 ? "gap" : "gaps"}` : "";
  return `${channel.name}: ${what} in ${duration((until - since) / 1000)}${missing}`;
}

function valueRows(channels, [since, until]) {
  const step = (until - since) / ROWS;
  return Array.from({ length: ROWS }, (_, n) => {
    const from = since + n * step;
    const cells = channels.map((one) => extremes(one.points, from, from + step));
    return [moment(from), ...cells.map((found, at) => (found ? shownRange(channels[at], ...found) : "–"))];
  });
}
