// A chart of what the agent has thinned: for each column the lowest and the highest value.

import { element } from "./dom.js";

export const COLOURS = 6; // --c1 to --c6 of the style sheet
const DAY = 86400000;

let library;

// uPlot puts itself into `window`; it is loaded when the first chart is drawn.
function plotLibrary() {
  library ??= new Promise((resolve, reject) => {
    const style = element("link", { rel: "stylesheet", href: "vendor/uPlot.min.css" });
    const onerror = () => reject(new Error("The chart library could not be loaded."));
    document.head.append(style, element("script", { src: "vendor/uPlot.iife.min.js", onload: resolve, onerror }));
  });
  return library;
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function shownValue(channel, value) {
  const text = channel.decimals == null ? String(Number(value.toPrecision(6))) : value.toFixed(channel.decimals);
  return channel.unit ? `${text} ${channel.unit}` : text;
}

// "20.1 to 23.4 °C", or one value if both are the same.
export function shownRange(channel, low, high) {
  const last = shownValue(channel, high);
  return low === high ? last : `${shownValue({ ...channel, unit: "" }, low)} to ${last}`;
}

// The extremes of some rows of a channel's points; null if they have no value.
export function extremes(points, since = -Infinity, until = Infinity) {
  let low = Infinity;
  let high = -Infinity;
  points.times.forEach((time, n) => {
    if (time < since || time >= until || points.lows[n] == null) return;
    low = Math.min(low, points.lows[n]);
    high = Math.max(high, points.highs[n]);
  });
  return low > high ? null : [low, high];
}

export class Chart {
  // `onSpan(since, until)` hears what is chosen by dragging; `paint(plot, context)` draws on top;
  // `onPick(value)` hears where a pointer is dragged instead, if it is given.
  constructor({ label, onSpan, onPick, paint = () => {} }) {
    Object.assign(this, { onSpan, onPick, paint });
    this.read = element("figcaption", { class: "quiet read" });
    this.host = element("div", { class: "plot" });
    this.box = element("figure", { class: "card chart", tabindex: 0, "aria-label": label }, this.read, this.host);
    this.sizes = new ResizeObserver(() => this.plot?.setSize(this.size));
    this.sizes.observe(this.host);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.repaint = () => this.shown && this.draw(this.shown, true);
    this.dark.addEventListener("change", this.repaint);
  }

  get size() {
    return { width: this.host.clientWidth, height: innerWidth < 640 ? 230 : 290 };
  }

  // `channels` have name, unit, decimals, quantity, colour and points; `bounds` are ms.
  async draw(shown, again = false) {
    await plotLibrary();
    if (this.closed) return;
    this.shown = shown;
    this.tell(null);
    const names = shown.channels.map((one) => one.name).join();
    const data = joined(shown.channels);
    if (this.plot && names === this.names && !again) {
      this.plot.setData(data, false);
      this.plot.setScale("x", { min: shown.bounds[0], max: shown.bounds[1] });
      return;
    }
    this.close(false);
    this.names = names;
    this.plot = new window.uPlot(this.options(shown), data, this.host);
    if (this.onPick) followPick(this.plot, this.onPick);
    else followFingers(this.plot, this);
  }

  options({ channels }) {
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    return {
      ...this.size,
      ms: 1,
      legend: { show: false },
      cursor: { drag: { x: !this.onPick, y: false, setScale: false }, points: { show: false }, y: !!this.onPick },
      scales: {
        x: { range: () => this.shown.bounds },
        y: { range: (plot, low, high) => this.range(low, high) },
      },
      axes: [
        { ...axis, values: clockTicks, space: 70, size: 32 },
        { ...axis, size: (_, labels) => Math.max(52, 20 + 7 * Math.max(...(labels ?? [""]).map((one) => String(one).length))) },
      ],
      series: [{}, ...channels.flatMap(lines)],
      bands: channels.map((one, n) => ({ series: [2 * n + 2, 2 * n + 1], fill: `${one.colour}40` })),
      hooks: {
        draw: [(plot) => this.paint(plot, plot.ctx)],
        setCursor: [(plot) => this.tell(plot.cursor.idx)],
        setSelect: [(plot) => plot.select.width > 4 && this.choose(plot)],
      },
    };
  }

  get title() {
    const { channels } = this.shown;
    return channels.map((one) => one.name).join(", ") + (channels[0]?.unit ? ` in ${channels[0].unit}` : "");
  }

  range(low, high) {
    const more = this.shown.include ?? [];
    const ends = [low, high, ...more].filter((one) => one != null);
    if (!ends.length) return [0, 1];
    const [least, most] = [Math.min(...ends), Math.max(...ends)];
    const room = (most - least) * 0.08 || Math.abs(most) * 0.05 || 1;
    return [least - room, most + room];
  }

  choose(plot) {
    const { left, width } = plot.select;
    this.onSpan(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  }

  tell(index) {
    const time = index == null ? null : this.plot?.data[0][index];
    const parts = time == null ? [] : this.shown.channels.map((one) => at(one, time)).filter(Boolean);
    const text = parts.length ? [new Date(time).toLocaleString(), ...parts].join(" · ") : this.title;
    if (this.read.textContent !== text) this.read.textContent = text;
  }

  close(all = true) {
    this.plot?.destroy();
    this.plot = null;
    if (!all) return;
    this.closed = true;
    this.sizes.disconnect();
    this.dark.removeEventListener("change", this.repaint);
  }
}

function at(channel, time) {
  const n = channel.points.times.indexOf(time);
  if (n < 0 || channel.points.lows[n] == null) return null;
  return `${channel.name} ${shownRange(channel, channel.points.lows[n], channel.points.highs[n])}`;
}

// A gap stays null and breaks a line; where only another channel has a time, there is no break.
function joined(channels) {
  const tables = channels.map(({ points }) => [points.times, points.lows, points.highs]);
  return tables.length ? window.uPlot.join(tables, tables.map((one) => one.map(() => 1))) : [[]];
}

function lines(channel) {
  const steps = channel.quantity === "binary" ? { paths: window.uPlot.paths.stepped({ align: 1 }) } : {};
  const one = { stroke: channel.colour, width: 1.5, ...steps, points: { size: 5, fill: channel.colour, filter: alone } };
  return [one, one];
}

// Points that no line would show: those with a gap on either side.
function alone(plot, series, show) {
  if (show) return null;
  const values = plot.data[series];
  const found = [];
  let before = null;
  values.forEach((value, n) => {
    if (value === undefined) return;
    if (value != null && before == null && next(values, n) == null) found.push(n);
    before = value;
  });
  return found;
}

function next(values, n) {
  for (let at = n + 1; at < values.length; at++) if (values[at] !== undefined) return values[at];
  return null;
}

function clockTicks(plot, times, axis, space, step) {
  const seconds = step < 60000 ? { second: "2-digit" } : {};
  return times.map((time) => {
    const date = new Date(time);
    const midnight = date.getHours() + date.getMinutes() + date.getSeconds() === 0;
    if (step >= DAY || midnight) return date.toLocaleDateString([], { day: "numeric", month: "short" });
    return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...seconds });
  });
}

// One finger moves the span, two change its length.
function followFingers(plot, chart) {
  const fingers = new Map();
  let begin = null;
  const grip = () => {
    const places = [...fingers.values()];
    const middle = places.reduce((sum, one) => sum + one, 0) / places.length;
    const apart = places.length > 1 ? Math.max(20, Math.abs(places[0] - places[1])) : 1;
    return { middle, apart, bounds: chart.shown.bounds };
  };
  const change = (event, keep) => {
    if (event.pointerType !== "touch") return;
    if (keep) fingers.set(event.pointerId, event.clientX - plot.over.getBoundingClientRect().left);
    else fingers.delete(event.pointerId);
    if (fingers.size) begin = grip();
    else if (begin) {
      begin = null;
      chart.onSpan(...chart.shown.bounds);
    }
  };
  plot.over.classList.add("fingers");
  plot.over.addEventListener("pointerdown", (event) => change(event, true));
  for (const end of ["pointerup", "pointercancel"]) plot.over.addEventListener(end, (event) => change(event, false));
  plot.over.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event.clientX - plot.over.getBoundingClientRect().left);
    const { middle, apart } = grip();
    const [since, until] = begin.bounds;
    const held = since + (begin.middle / plot.over.clientWidth) * (until - since);
    const length = ((until - since) * begin.apart) / apart;
    const first = held - (middle / plot.over.clientWidth) * length;
    chart.shown.bounds = [first, first + length];
    plot.setScale("x", { min: first, max: first + length });
  });
}

// A pointer that is dragged over the chart picks a value; `done` says that it was let go.
function followPick(plot, onPick) {
  const pick = (event, done) => onPick(plot.posToVal(event.clientY - plot.over.getBoundingClientRect().top, "y"), done);
  plot.over.classList.add("pick");
  plot.over.addEventListener("pointerdown", (event) => {
    plot.over.setPointerCapture(event.pointerId);
    pick(event, false);
  });
  plot.over.addEventListener("pointermove", (event) => plot.over.hasPointerCapture(event.pointerId) && pick(event, false));
  plot.over.addEventListener("pointerup", (event) => pick(event, true));
}
