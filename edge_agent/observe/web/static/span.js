// Which span of time a chart shows, and the buttons that choose it. Times are in ms.

import { element } from "./dom.js";

const HOUR = 3600000;
const SPANS = { "1 h": HOUR, "6 h": 6 * HOUR, "1 day": 24 * HOUR, "1 week": 168 * HOUR, "30 days": 720 * HOUR };
const SHORTEST = 10000;
const LONGEST = 20 * 365 * 24 * HOUR;

// `until` is null while the chart follows the clock.
export class Span {
  constructor(parameters, onChange) {
    this.length = bounded(Number(parameters.get("span")) || 24 * HOUR);
    this.until = Number(parameters.get("until")) || null;
    this.onChange = onChange;
    this.bar = element("div", { class: "row spans", role: "group", "aria-label": "Span of time" },
      Object.entries(SPANS).map(([label, length]) => this.button(label, () => this.choose(length), length)),
      this.button("‹", () => this.move(-0.5), null, "Earlier"),
      this.button("›", () => this.move(0.5), null, "Later"),
      this.button("+", () => this.zoom(0.5), null, "Zoom in"),
      this.button("−", () => this.zoom(2), null, "Zoom out"),
      this.button("Now", () => this.choose(this.length), 0));
    this.mark();
  }

  button(label, onclick, length, name) {
    return element("button", { type: "button", onclick, "data-length": length, "aria-label": name }, label);
  }

  // Returns [since, until] as of this moment.
  get bounds() {
    const until = this.until ?? Date.now();
    return [Math.round(until - this.length), Math.round(until)];
  }

  get parameters() {
    return { span: Math.round(this.length), until: this.until && Math.round(this.until) };
  }

  choose(length) {
    this.set(length, null);
  }

  // Takes what was chosen on a chart.
  show(since, until) {
    this.set(until - since, until);
  }

  move(share) {
    this.set(this.length, this.bounds[1] + share * this.length);
  }

  zoom(factor) {
    const length = bounded(this.length * factor);
    this.set(length, this.until && this.until + (length - this.length) / 2);
  }

  set(length, until) {
    this.length = bounded(length);
    this.until = until == null || until >= Date.now() ? null : Math.max(until, this.length);
    this.mark();
    this.onChange();
  }

  mark() {
    for (const button of this.bar.children) {
      const length = Number(button.dataset.length);
      if (button.dataset.length) {
        button.setAttribute("aria-pressed", length ? length === this.length : this.until === null);
      }
    }
  }
}

function bounded(length) {
  return Math.min(Math.max(length, SHORTEST), LONGEST);
}
