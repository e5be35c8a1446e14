import { duration, element } from "./dom.js";

const SOUND = new Set(["inactive", "resolved"]);
const LEVELS = { on: 1, off: 0 };
const LASTS = [["600", "10 min"], ["3600", "1 hour"], ["28800", "8 hours"], ["86400", "1 day"]];

export async function open(main, api) {
  const now = new Now(main, api);
  const end = api.stream("live", (news) => now.take(news));
  const timer = setInterval(() => now.showAges(), 1000);
  return () => {
    clearInterval(timer);
    end();
  };
}

class Now {
  constructor(main, api) {
    this.api = api;
    this.live = { readings: {}, alerts: {}, outputs: {} };
    this.unknown = new Set();
    this.cards = new Map();
    this.alerts = element("ul", { class: "cards plain", tabindex: "-1" });
    this.quiet = element("p", { class: "quiet" });
    this.devices = element("ul", { class: "cards plain" });
    this.outputs = element("ul", { class: "cards plain" });
    this.lasts = element("select", { id: "lasts" }, LASTS.map(([value, text]) => element("option", { value }, text)));
    this.lasts.value = "3600";
    this.switching = element("p", { class: "row" }, element("label", { for: "lasts" }, "A switch set here lasts"), this.lasts);
    this.account = element("div", { class: "card" });
    this.said = element("p", { id: "said", role: "status" });
    this.outputSection = section("Outputs", this.switching, this.outputs);
    main.append(
      section("Alerts", this.alerts, this.quiet),
      section("Devices", this.devices),
      this.outputSection,
      section("Sinks and the account", this.account),
      this.said,
    );
  }

  take(news) {
    const came = performance.now();
    for (const part of ["readings", "alerts", "outputs"]) {
      for (const [name, one] of Object.entries(news[part] || {})) {
        this.live[part][name] = { ...one, began: came - one.age * 1000 };
      }
    }
    if (news.description) this.describe(news.description);
    if (!this.description) return;
    for (const name of Object.keys(news.readings || {})) this.showDevice(name);
    for (const name of Object.keys(news.outputs || {})) this.showOutput(name);
    if (news.unknown) this.unknown = new Set(news.unknown);
    if (news.description || news.alerts || news.unknown) this.showAlerts();
    if (news.account) this.showAccount(news.account);
    this.showAges();
  }

  describe(description) {
    this.description = description;
    this.cards.clear();
    this.devices.replaceChildren(...description.devices.map((one) => this.deviceCard(one)));
    this.outputs.replaceChildren(...description.outputs.map((one) => this.outputCard(one)));
    this.outputSection.hidden = description.outputs.length === 0;
    this.switching.hidden = !this.may("set");
    for (const one of description.devices) this.showDevice(one.name);
    for (const one of description.outputs) this.showOutput(one.name);
  }

  may(command) {
    return this.description.commands.includes(command);
  }

  async command(button, body, done) {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true"; // not disabled: it would lose the focus
    try {
      const answer = await this.api.post("command", body);
      this.say(answer.state === "done" ? done : `${answer.state}: ${answer.reason}`, answer.state !== "done");
    } catch (error) {
      this.say(error.message, true);
    }
    button.ariaBusy = "false";
  }

  say(text, bad = false) {
    this.said.textContent = text;
    this.said.classList.toggle("bad", bad);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.said.textContent = ""), 8000);
  }

  deviceCard(device) {
    const parts = {
      device,
      quality: element("span", { class: "badge" }),
      age: element("p", { class: "quiet age" }),
      why: element("div", { class: "why", hidden: true }),
      values: new Map(device.channels.map((one) => [one.name, element("dd")])),
    };
    const channels = device.channels.map((one) => element(
      "div", {},
      element("dt", {}, element("a", { href: `#/history?channel=${device.name}.${one.name}` }, words(one.name))),
      parts.values.get(one.name),
    ));
    const card = element("li", { class: "card" },
      element("div", { class: "head" }, element("h3", {}, device.name), parts.quality),
      element("p", { class: "quiet" }, `${device.driver} · ${device.place}`),
      element("dl", {}, channels), parts.why, parts.age);
    this.cards.set(`readings/${device.name}`, { ...parts, card });
    return card;
  }

  showDevice(name) {
    const parts = this.cards.get(`readings/${name}`);
    const reading = this.live.readings[name];
    if (!parts) return;
    for (const channel of parts.device.channels) {
      const value = reading?.values[channel.name];
      const refused = reading?.refused?.[channel.name];
      const binary = channel.quantity === "binary";
      parts.values.get(channel.name).replaceChildren(
        value == null
          ? element("span", { class: refused ? "bad" : "quiet" }, refused ? refused.what : "no value")
          : element("span", { class: "value" }, binary ? (value ? "on" : "off") : value.toFixed(channel.decimals)),
        value == null || binary ? "" : ` ${channel.unit}`,
      );
    }
    badge(parts.quality, ...qualityOf(reading));
    const remedies = new Set(Object.values(reading?.refused || {}).map((one) => one.remedy));
    if (reading?.reason) remedies.add(reading.reason.remedy);
    parts.why.replaceChildren(
      ...(reading?.reason ? [element("p", { class: "bad" }, reading.reason.what)] : []),
      ...[...remedies].filter(Boolean).map((text) => element("p", {}, element("b", {}, "What to do: "), text)),
    );
    parts.why.hidden = !parts.why.childElementCount;
  }

  outputCard(output) {
    const parts = { state: element("span", { class: "badge" }), by: element("p", { class: "quiet age" }), buttons: [] };
    const set = (text, value) => {
      const button = element("button", {
        type: "button",
        "aria-label": `${output.name}: ${text}`,
        onclick: () => this.command(
          button, { command: "set", output: output.name, value, for: Number(this.lasts.value) },
          value === "auto" ? `The rules decide about ${output.name} again.` : `${output.name} is ${value}.`,
        ),
      }, text);
      parts.buttons.push([button, value]);
      return button;
    };
    const buttons = this.may("set")
      ? [element("div", { class: "row", role: "group", "aria-label": `Set ${output.name}` }, set("On", "on"), set("Off", "off"), set("By rules", "auto"))]
      : [];
    const card = element("li", { class: "card" },
      element("div", { class: "head" }, element("h3", {}, output.name), parts.state),
      element("p", { class: "quiet" }, output.place), parts.by, buttons);
    this.cards.set(`outputs/${output.name}`, { ...parts, card });
    return card;
  }

  showOutput(name) {
    const parts = this.cards.get(`outputs/${name}`);
    const output = this.live.outputs[name];
    if (!parts || !output) return;
    badge(parts.state, output.state, output.error ? "bad" : output.value ? "good" : "quiet");
    const commanded = output.by === "command";
    for (const [button, value] of parts.buttons) {
      button.setAttribute("aria-pressed", commanded ? LEVELS[value] === output.value : value === "auto");
    }
  }

  showAlerts() {
    const severities = ["critical", "warning", "info"];
    const rules = new Map(this.description.rules.map((one) => [one.name, one]));
    const open = Object.entries(this.live.alerts).filter(([, one]) => !SOUND.has(one.state));
    open.sort(([, a], [, b]) => severities.indexOf(a.severity) - severities.indexOf(b.severity) || a.began - b.began);
    const focused = this.alerts.contains(document.activeElement) && document.activeElement.ariaLabel;
    this.alerts.replaceChildren(...open.map(([name, one]) => this.alertCard(name, one, rules.get(name))));
    if (focused) (this.alerts.querySelector(`[aria-label="${focused}"]`) || this.alerts).focus();
    const sound = [...rules.keys()].filter((name) => !open.some(([other]) => other === name));
    this.quiet.textContent = sound.length
      ? `${open.length ? "Nothing else: " : "Nothing is wrong. Watching: "}${sound.join(", ")}.`
      : open.length ? "" : "There are no rules.";
  }

  alertCard(name, alert, rule) {
    const values = Object.entries(alert.values).map(([channel, value]) => `${channel} = ${Number(value.toPrecision(6))}`);
    const level = alert.severity === "info" ? "quiet" : alert.severity === "warning" ? "warn" : "bad";
    const marks = [alert.acknowledged && "acknowledged", alert.silenced && "silenced"].filter(Boolean).join(", ");
    const age = element("p", { class: "quiet age" });
    const buttons = [];
    if (rule && alert.state === "firing" && !alert.acknowledged && this.may("acknowledge")) {
      buttons.push(this.alertButton("Acknowledge", { command: "acknowledge", rule: name }, `${name} is acknowledged.`));
    }
    if (rule && this.may("silence")) {
      buttons.push(this.alertButton("Silence for 1 hour", { command: "silence", rule: name, for: 3600 }, `${name} sends no notifications for an hour.`));
    }
    this.cards.set(`alerts/${name}`, { age, state: alert.state });
    const state = element("span", { class: `badge ${level}` }, alert.state);
    return element("li", { class: `card ${level}` },
      element("div", { class: "head" }, element("h3", {}, name), state),
      element("p", {}, alert.message || rule?.when || "The output does not follow."),
      values.length ? element("p", { class: "quiet" }, values.join(", ")) : null,
      this.unknown.has(name) ? element("p", { class: "bad" }, "A value that it needs is absent: the condition is unknown.") : null,
      marks ? element("p", { class: "quiet" }, marks) : null,
      age, buttons.length ? element("div", { class: "row" }, buttons) : null);
  }

  alertButton(text, body, done) {
    const label = `${text}: ${body.rule}`;
    const button = element("button", { type: "button", "aria-label": label, onclick: () => this.command(button, body, done) }, text);
    return button;
  }

  showAccount(account) {
    if (account.problem) {
      this.account.replaceChildren(element("p", { class: "bad" }, account.problem));
      return;
    }
    const rows = account.sinks.map((one) => element("tr", {},
      element("th", { scope: "row" }, one.name),
      element("td", { class: one.state === "delivering" ? "good" : "bad" }, one.state),
      cell(one.recorded), cell(one.delivered),
      element("td", {}, one.waiting ? `${count(one.waiting)}${one.oldest == null ? "" : `, for ${duration(one.oldest)}`}` : "0"),
      cell(sum(one.refused)), cell(sum(one.dropped))));
    const heads = ["Sink", "State", "Recorded", "= delivered", "+ waiting", "+ refused", "+ dropped"];
    const notes = account.sinks.flatMap((one) => [
      one.state !== "delivering" && one.error ? element("p", { class: "bad" }, `${one.name}: ${one.error.text}`) : null,
      one.notice ? element("p", { class: "quiet" }, `${one.name}: ${one.notice}`) : null,
    ]);
    this.account.replaceChildren(
      element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Sinks" }, element("table", {},
        element("thead", {}, element("tr", {}, heads.map((text) => element("th", { scope: "col" }, text)))),
        element("tbody", {}, rows))),
      ...notes.filter(Boolean),
      element("p", { class: "quiet" }, `The log has ${count(account.events)} events in ${megabytes(account.bytes)} of ${megabytes(account.limit)}; ${count(account.recorded)} were ever recorded.`),
    );
  }

  showAges() {
    const at = performance.now();
    for (const [key, parts] of this.cards) {
      const [part, name] = [key.slice(0, key.indexOf("/")), key.slice(key.indexOf("/") + 1)];
      const one = this.live[part][name];
      if (part === "readings") showAge(parts, one, at);
      else if (one && part === "outputs") parts.by.textContent = `${one.text}, ${duration((at - one.began) / 1000)} ago`;
      else if (one) parts.age.textContent = `${parts.state} for ${duration((at - one.began) / 1000)}`;
    }
  }
}

function showAge(parts, reading, at) {
  const every = `measured every ${duration(parts.device.every)}`;
  if (!reading) {
    parts.age.textContent = `not measured yet; ${every}`;
    return;
  }
  const age = (at - reading.began) / 1000;
  const old = age > parts.device.max_age;
  parts.card.classList.toggle("old", old);
  parts.age.textContent = old ? `No reading for ${duration(age)}, but ${every}.` : `${duration(age)} ago, ${every}`;
}

function qualityOf(reading) {
  if (!reading) return ["pending", "quiet"];
  if (reading.quality !== "good") return [words(reading.quality), "bad"];
  return reading.refused ? ["in part", "warn"] : ["good", "good"];
}

function badge(element, text, level) {
  element.textContent = text;
  element.className = `badge ${level}`;
}

function section(title, ...children) {
  const id = title.toLowerCase().replaceAll(" ", "-");
  return element("section", { "aria-labelledby": id }, element("h2", { id }, title), children);
}

const words = (name) => name.replaceAll("_", " ");
const count = (number) => number.toLocaleString("en");
const cell = (number) => element("td", {}, count(number));
const sum = (numbers) => Object.values(numbers).reduce((total, one) => total + one, 0);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
