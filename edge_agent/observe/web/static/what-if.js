// What if: a threshold drawn on the history, and the alarms that it would have raised.

import { Chart, colour, shownValue } from "./chart.js";
import { duration, element } from "./dom.js";
import { moment, parameters, points, remember, shade, table } from "./past.js";
import { Span } from "./span.js";

const UNITS = { seconds: 1, minutes: 60, hours: 3600 };

export async function open(main, api) {
  const channels = (await api.get("channels")).filter((one) => one.quantity !== "binary");
  if (!channels.length) {
    main.append(element("h2", {}, "What if"), element("p", {}, "Nothing has been measured yet that a threshold could be drawn for."));
    return () => {};
  }
  const view = new WhatIf(main, api, channels);
  view.refresh();
  return () => view.close();
}

class WhatIf {
  constructor(main, api, channels) {
    const asked = parameters();
    Object.assign(this, { api, channels, alarms: [] });
    this.channel = channels.find((one) => one.name === asked.get("channel")) ?? channels[0];
    this.span = new Span(asked, () => this.refresh());
    this.fields = this.form(asked);
    this.chart = new Chart({
      label: "Chart with a threshold. Drag over it, or type the threshold into its field.",
      onPick: (value, done) => this.pick(value, done),
      paint: (plot, context) => this.paint(plot, context),
    });
    this.result = element("p", { role: "status" });
    this.text = element("pre", { tabindex: 0, role: "region", "aria-label": "Text of the rule" });
    this.copied = element("span", { class: "quiet", role: "status" });
    this.list = element("div", {});
    const rule = element("section", { class: "card rule" }, element("h3", {}, "The rule"), this.text,
      element("div", { class: "row" }, element("button", { type: "button", onclick: () => this.copy() }, "Copy"), this.copied),
      element("p", { class: "quiet" }, "To use it, add it to the configuration of the agent, run edge-agent check, and then sudo systemctl reload edge-agent."));
    main.append(element("h2", {}, "What if"), this.fields.form, this.span.bar, this.chart.box, this.result, rule, this.list);
  }

  form(asked) {
    const fields = {};
    const add = (name, label, field) => {
      fields[name] = field;
      field.value = asked.get(name) ?? field.value;
      return element("p", {}, element("label", { for: field.id }, label), field);
    };
    const changed = () => this.evaluate();
    const input = (name, label, properties) => add(name, label, element("input", { id: `if-${name}`, type: "number", step: "any", onchange: changed, ...properties }));
    const select = (name, label, options, onchange = changed) =>
      add(name, label, element("select", { id: `if-${name}`, onchange }, options.map(([value, text]) => element("option", { value }, text))));
    fields.form = element("form", { class: "card drawn", onsubmit: (event) => event.preventDefault() },
      select("channel", "Channel", this.channels.map((one) => [one.name, one.name]), () => this.choose()),
      select("side", "Alarm if it is", [["above", "above"], ["below", "below"]]),
      input("threshold", "Threshold"),
      input("hysteresis", "Hysteresis", { min: 0 }),
      input("hold", "Hold time", { min: 0 }),
      select("unit", "in", Object.keys(UNITS).map((one) => [one, one])),
      input("name", "Name of the rule", { type: "text", pattern: "[A-Za-z0-9_\\-]+", maxlength: 64, autocomplete: "off" }));
    fields.channel.value = this.channel.name;
    return fields;
  }

  get rule() {
    const { threshold, side, hysteresis, hold, unit, name } = this.fields;
    const above = side.value === "above";
    return {
      channel: this.channel.name,
      above,
      threshold: Number(threshold.value),
      hysteresis: Number(hysteresis.value),
      hold: Number(hold.value) * UNITS[unit.value],
      name: name.value || `${this.channel.name.replace(/[^A-Za-z0-9_-]/g, "_")}_${above ? "high" : "low"}`.slice(0, 64),
    };
  }

  choose() {
    this.channel = this.channels.find((one) => one.name === this.fields.channel.value);
    this.fields.threshold.value = "";
    this.refresh();
  }

  pick(value, done) {
    const { low, high } = this.channel;
    const within = Math.min(high ?? Infinity, Math.max(low ?? -Infinity, value));
    this.fields.threshold.value = Number(within.toPrecision(4));
    if (done) this.evaluate();
    else this.chart.plot.redraw(false);
  }

  async refresh() {
    const asked = (this.asked = {});
    this.bounds = this.span.bounds;
    try {
      const found = await points(this.api, this.channel, this.bounds, this.chart.host.clientWidth);
      if (asked !== this.asked) return;
      this.points = found;
      this.suggest();
      await this.evaluate();
    } catch (error) {
      this.fail(error);
    }
  }

  // The first threshold lies where it would fire for a tenth of the columns.
  suggest() {
    const above = this.fields.side.value === "above";
    const values = (above ? this.points.highs : this.points.lows).filter((one) => one != null).sort((a, b) => a - b);
    if (this.fields.threshold.value !== "" || !values.length) return;
    const at = Math.floor((values.length - 1) * (above ? 0.9 : 0.1));
    this.fields.threshold.value = Number(values[at].toPrecision(3));
  }

  async evaluate() {
    if (!this.fields.form.reportValidity() || this.fields.threshold.value === "") return this.draw();
    const [since, until] = this.bounds;
    const asked = (this.judged = {});
    const { threshold, side, hysteresis, hold, unit, name } = this.fields;
    const kept = { threshold, side, hysteresis, hold, unit, name };
    remember("what-if", { channel: this.channel.name, ...this.span.parameters, ...Object.fromEntries(Object.entries(kept).map(([key, one]) => [key, one.value || null])) });
    this.chart.box.setAttribute("aria-busy", true);
    try {
      await this.draw();
      const found = await this.api.post("what-if", { rule: this.rule, since, until });
      if (asked === this.judged) await this.show(found);
    } catch (error) {
      if (asked === this.judged) this.fail(error);
    }
    if (asked === this.judged) this.chart.box.removeAttribute("aria-busy");
  }

  fail(error) {
    this.alarms = [];
    this.result.replaceChildren(element("span", { class: "problem" }, error.message));
    this.list.replaceChildren();
    this.text.textContent = "";
    this.draw().catch(() => {}); // it is the chart that failed
  }

  async show(found) {
    const [, until] = this.bounds;
    this.alarms = found.alarms.map((one) => ({ ...one, still: one.until === null, until: one.until ?? until }));
    const total = this.alarms.reduce((sum, one) => sum + one.until - one.since, 0);
    const many = `${found.complete ? "" : "More than "}${this.alarms.length} ${this.alarms.length === 1 ? "alarm" : "alarms"}`;
    const note = found.summaries ? " Part of this span has only summaries: their means are taken." : "";
    this.result.textContent = (this.alarms.length ? `${many}, ${duration(total / 1000)} in all.` : "No alarm.") + note;
    this.text.textContent = found.rule;
    this.list.replaceChildren(this.alarms.length ? table("Alarms", ["From", "For", "Note"], this.alarms.map(row)) : "");
    await this.draw();
  }

  async draw() {
    if (!this.points) return;
    const { threshold, hysteresis, above } = this.rule;
    this.lines = this.fields.threshold.value === "" ? [] : [threshold, above ? threshold - hysteresis : threshold + hysteresis];
    const shown = { ...this.channel, points: this.points, colour: colour("--c1") };
    await this.chart.draw({ channels: [shown], bounds: this.bounds, include: this.lines });
  }

  paint(plot, context) {
    shade(plot, context, this.alarms);
    if (this.fields.threshold.value === "") return;
    const { threshold, hysteresis, above } = this.rule;
    line(plot, context, threshold, []);
    if (hysteresis) line(plot, context, above ? threshold - hysteresis : threshold + hysteresis, [6, 6]);
    context.fillStyle = colour("--bad");
    context.font = `${13 * devicePixelRatio}px system-ui, sans-serif`;
    context.textAlign = "right";
    context.fillText(shownValue(this.channel, threshold), plot.bbox.left + plot.bbox.width - 6, plot.valToPos(threshold, "y", true) - 6);
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.text.textContent);
      this.copied.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(this.text);
      this.copied.textContent = "The browser does not allow it here: the text is selected, copy it with the keyboard.";
    }
  }

  close() {
    this.asked = this.judged = null;
    this.chart.close();
  }
}

function line(plot, context, value, dashes) {
  const at = plot.valToPos(value, "y", true);
  context.save();
  context.strokeStyle = colour("--bad");
  context.lineWidth = 2;
  context.setLineDash(dashes);
  context.beginPath();
  context.moveTo(plot.bbox.left, at);
  context.lineTo(plot.bbox.left + plot.bbox.width, at);
  context.stroke();
  context.restore();
}

function row({ since, until, still, flapping }) {
  const notes = [still && "still firing at the end", flapping && "flapping: it fires too often"];
  return [moment(since), duration((until - since) / 1000), notes.filter(Boolean).join("; ")];
}
