import { duration, element } from "./dom.js";

const EVERY = 5000; // ms

// The nodes of a fleet, with what was heard of each last.
export async function open(main, api) {
  const summary = element("p", { class: "quiet", role: "status" });
  const list = element("ul", { class: "cards nodes" });
  main.append(element("h2", {}, "Nodes"), summary, list);
  let timer = null;
  const load = async () => {
    try {
      const nodes = await api.get("nodes");
      summary.textContent = summarized(nodes);
      list.replaceChildren(...nodes.map(drawNode));
    } catch (error) {
      summary.textContent = error.message;
    }
    timer = setTimeout(load, EVERY);
  };
  await load();
  return () => clearTimeout(timer);
}

function summarized(nodes) {
  if (!nodes.length) return "No node has been heard yet.";
  const silent = nodes.filter((one) => one.silent).length;
  const count = nodes.length === 1 ? "1 node" : `${nodes.length} nodes`;
  return silent ? `${count}, ${silent} of them silent` : count;
}

function drawNode(node) {
  const age = `${node.silent ? "silent for" : "heard"} ${duration(node.age)}${node.silent ? "" : " ago"}`;
  const alerts = node.alerts.map((one) => element("li", { class: one.severity === "info" ? "quiet" : "bad" },
    `${one.rule} is ${one.state} (${one.severity})`));
  const channels = node.channels === 1 ? "1 channel" : `${node.channels} channels`;
  return element("li", { class: "card" },
    element("h3", {}, node.name),
    element("p", { class: node.silent ? "bad" : "good" }, age),
    element("p", { class: "quiet" }, channels, " · ",
      element("a", { href: "#/history" }, "History")),
    alerts.length ? element("ul", {}, alerts) : null);
}
