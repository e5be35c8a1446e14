// What History and What if share: channels, points and marks from the agent, and shaded times.

import { element } from "./dom.js";
import { colour } from "./chart.js";

export function parameters() {
  return new URLSearchParams(location.hash.split("?")[1]);
}

// Keeps what is chosen in the address, without opening the view again.
export function remember(view, chosen) {
  const given = Object.entries(chosen).filter(([, value]) => value != null);
  history.replaceState(null, "", `#/${view}?${new URLSearchParams(given)}`);
}

export function points(api, channel, [since, until], width) {
  return api.get("history", { channel: channel.name, since, until, width: Math.min(4000, Math.max(100, width)) });
}

// From when to when alerts were firing, as far as the marks of a span say so.
export function firings(marks, [since, until]) {
  const open = new Map();
  const found = [];
  const end = (mark, begin) => found.push({ name: mark.name, text: mark.text, since: begin, until: mark.time });
  for (const mark of marks.filter((one) => one.kind === "alert")) {
    if (mark.state === "firing" || mark.state === "flapping") {
      if (!open.has(mark.name)) open.set(mark.name, mark);
    } else if (mark.state === "resolved") {
      end(mark, open.get(mark.name)?.time ?? since);
      open.delete(mark.name);
    }
  }
  for (const mark of open.values()) end({ ...mark, time: until }, mark.time);
  return found;
}

// Times that overlap are shaded once, not twice as dark.
export function shade(plot, context, times) {
  const { left, top, width, height } = plot.bbox;
  const body = new Path2D();
  const edge = new Path2D();
  for (const { since, until } of times) {
    const from = Math.max(left, plot.valToPos(since, "x", true));
    const to = Math.min(left + width, plot.valToPos(until, "x", true));
    if (to < left || from > left + width) continue;
    body.rect(from, top, Math.max(2, to - from), height);
    edge.rect(from, top, Math.max(3, to - from), 4);
  }
  context.fillStyle = `${colour("--bad")}22`;
  context.fill(body);
  context.fillStyle = colour("--bad");
  context.fill(edge);
}

export function tick(plot, context, time) {
  const { left, top, width, height } = plot.bbox;
  const at = plot.valToPos(time, "x", true);
  if (at < left || at > left + width) return;
  context.fillStyle = colour("--quiet");
  context.fillRect(at - 1, top + height - 12, 2, 12);
}

export function moment(time) {
  return new Date(time).toLocaleString();
}

export function table(caption, head, rows) {
  const cells = (kind, texts) => element("tr", {}, texts.map((text) => element(kind, kind === "th" ? { scope: "col" } : {}, text)));
  return element("div", { class: "wide scroll", tabindex: 0, role: "region", "aria-label": caption },
    element("table", {}, element("caption", {}, caption),
      element("thead", {}, cells("th", head)), element("tbody", {}, rows.map((row) => cells("td", row)))));
}
